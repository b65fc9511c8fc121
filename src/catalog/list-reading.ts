import { setImmediate } from "node:timers/promises";
import type { Revision } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import type { ListKind, ListQuery, Position } from "./items.ts";
import type { Filter, Finder } from "./filter.ts";
import { detailsOf, NO_DETAILS, type Details, type Row } from "./list-items.ts";
import { allOf, columnsOf, TABLES, type Condition, type Range } from "./list-orders.ts";
import type { KeptPlaces } from "./kept-places.ts";

/** How far a page looks for what its filters leave. */
export type Reach = {
  /** Rows it looks at in the order of its list before it asks whether a filter knows where its rows are. */
  readonly rowsTried: number;
  /** Rows it looks at in all: there it ends, however few it has found, and says where the next one begins. */
  readonly rowsLookedAtMax: number;
  /** The same where something is looked up for each of them, all over a table; and names of a list by name of long ago. */
  readonly rowsLookedUpMax: number;
  /** Rows that a filter may find for a page to be made of them: all are read and sorted. */
  readonly rowsFoundMax: number;
  /**
   * Revisions since the moment that is asked for, up to which the rows that ended since are read by one statement for every
   * page. Beyond, a list by name goes from name to name instead, and others take a statement for each so many.
   */
  readonly recentRevisions: number;
};

/** A page that is being read. */
export type Reading = {
  readonly engine: Engine;
  readonly kind: ListKind;
  readonly query: ListQuery;
  readonly newest: Revision;
  readonly filters: readonly Filter[];
  readonly reach: Reach;
  readonly bare: boolean;
  /** What holds for all that the reader may see. */
  readonly seen?: Condition | undefined;
  readonly places: KeptPlaces;
};

/** The rows that a page is made of, and where the next begins. */
export type Rows = { readonly rows: readonly Row[]; readonly next?: Position | undefined };

/** Part of a page; `stoppedAt` where it ends before its range does. */
export type Stretch = { readonly rows: readonly Row[]; readonly stoppedAt?: Position | undefined };

/** Columns that say where in a list a row is. */
export function placeNames(
  { kind, query }: Pick<Reading, "kind" | "query">,
  range: Range,
): readonly string[] {
  return query.order.by === "name" ? TABLES[kind].names : range.by;
}

/** What bare rows have beside what items are made of: the revisions in which they began. */
const BARE = ["born", "since"];

/**
 * The columns of its table that a page shows, those that say where in the range a row is, and what else is read for it:
 * no others, as each value of a row takes time. Names alone can be read of an index.
 */
export function shownOf(
  { engine, kind, query, bare }: Reading,
  range?: Range,
): { readonly columns: string; readonly details: Details } {
  const { columns, names } = TABLES[kind];
  const place = range ? placeNames({ kind, query }, range) : [];
  if (query.namesOnly) return { columns: columnsOf(names, place), details: NO_DETAILS };
  if (bare) return { columns: columnsOf(names, columns, BARE, place), details: NO_DETAILS };
  const platforms = kind === "tags" && query.include?.has("platforms") ? ["platforms"] : [];
  return { columns: columnsOf(columns, platforms, place), details: detailsOf(engine, kind, query) };
}

export type Source = Condition & { readonly using: string };

/**
 * Where the rows of a moment are: those that are current and began by then, and those that ended since. In both parts they
 * come in order, so that reading both costs what the page shows. A filter may find the current ones by its own index.
 */
export function currentIn({ engine, query: { at } }: Reading, range: Range, finder?: Finder): Source {
  const current: Condition =
    at === undefined
      ? { sql: "f.until is null", values: [] }
      : { sql: "f.until is null and f.since <= ?", values: [at] };
  return {
    using: engine.using(finder?.index ?? range.index),
    ...allOf([current, ...(finder ? [finder] : [])]),
  };
}

/**
 * Those that ended since, to be read behind the current ones: what a write ends in between is in both then, and not in
 * neither. Where that is long ago they come in parts, between which others have their turn.
 */
export async function* endedIn(
  { engine, kind, query: { at }, newest, reach }: Reading,
  range: Range,
): AsyncGenerator<Source> {
  if (at === undefined) return;
  const using = engine.using(`${TABLES[kind].table}_${range.equal ? "ended" : "until"}`);
  for (let from = at; ; from += reach.recentRevisions) {
    const to = from + reach.recentRevisions;
    const isLast = to >= newest;
    const end = isLast ? { sql: "", values: [] } : { sql: "and f.until <= ?", values: [to] };
    yield { using, sql: `f.until > ? ${end.sql} and f.since <= ?`, values: [from, ...end.values, at] };
    if (isLast) return;
    await setImmediate();
  }
}
