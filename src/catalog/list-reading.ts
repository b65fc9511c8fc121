import type { Revision } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import type { ListKind, ListQuery, Position } from "./items.ts";
import type { Filter } from "./list-filters.ts";
import type { Row } from "./list-items.ts";
import { TABLES, type Condition, type Range } from "./list-orders.ts";
import type { KeptPlaces } from "./kept-places.ts";

/** How far a page looks for what its filters leave. */
export type Reach = {
  /** Rows it looks at in the order of its list before it asks whether a filter knows where its rows are. */
  readonly rowsTried: number;
  /** Rows it looks at in all: there it ends, however few it has found, and says where the next one begins. */
  readonly rowsLookedAtMax: number;
  /** Rows that a filter may find for a page to be made of them: all are read and sorted. */
  readonly rowsFoundMax: number;
  /**
   * Revisions since the moment that is asked for, up to which the rows that ended since are read for every page. Beyond,
   * a list by name reads all versions of the names it shows instead.
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

/** Columns that say where in a list a row is. */
export function placeNames(
  { kind, query }: Pick<Reading, "kind" | "query">,
  range: Range,
): readonly string[] {
  return query.order.by === "name" ? TABLES[kind].names : range.by;
}
