import type { RepositoryName } from "../oci/name.ts";
import type { Page, Revision } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import type { Items, ListKind, ListQuery, Position } from "./items.ts";
import { findPlaces, knownPlaces } from "./list-found.ts";
import { filtersOf } from "./list-filters.ts";
import { itemsOf, type Row } from "./list-items.ts";
import { isLongAgo, selectLongAgo } from "./list-long-ago.ts";
import { readSeenNamespaces } from "./list-namespaces.ts";
import { allOf, rangesOf, TABLES, type Range } from "./list-orders.ts";
import { entriesBehind, placesOf, rowsAt, rowsOf } from "./list-places.ts";
import type { Reach, Reading, Rows, Stretch } from "./list-reading.ts";
import { placeBehind, positionOf, select } from "./list-stretch.ts";
import { tryFirst } from "./list-tries.ts";
import { KeptPlaces } from "./kept-places.ts";
import { revisionBounds } from "./list-times.ts";
import { momentOf, NOW } from "./moment.ts";
import type { View } from "../oci/view.ts";
import { shows } from "../oci/view.ts";
import { seenRanges } from "./view-ranges.ts";

/** As far as takes some milliseconds. */
const REACH: Reach = {
  rowsTried: 1_000,
  rowsLookedAtMax: 10_000,
  rowsLookedUpMax: 2_000,
  rowsFoundMax: 20_000,
  recentRevisions: 20_000,
};

/** A page ends with the rows tried when so small a part of it has been found: to fill it would take longer than the next page. */
const FILLED_ENOUGH = 4;

/** Stretches of names that a page goes through one after the other, rather than having their rows sorted first. */
const RANGES_WALKED = 8;

/** What a page is read of: `newest` is the log's end. `bare` rows have the columns of their table alone, also those that no item shows. */
type Asked = {
  readonly query: ListQuery;
  readonly newest: Revision;
  readonly reach?: Reach | undefined;
  readonly bare?: boolean;
  /** What has been sorted for pages before. */
  readonly places?: KeptPlaces | undefined;
};

/** A page, and where the next begins. */
type Found<Kind extends ListKind> = {
  readonly items: readonly Items[Kind][];
  readonly next?: Position | undefined;
};

/** Reads one page of a list, at a revision that is retained or now. */
export async function readPage<Kind extends ListKind>(
  engine: Engine,
  kind: Kind,
  asked: Asked,
): Promise<Found<Kind>> {
  const { rows, next } = await readRows(engine, kind, asked);
  return { items: await itemsOf(engine, kind, { rows, query: asked.query }), next };
}

/** Reads the rows of a page. */
export async function readRows(engine: Engine, kind: ListKind, asked: Asked): Promise<Rows> {
  const { query, newest, reach = REACH, bare = false, places = new KeptPlaces() } = asked;
  const { order, limit, at, view } = query;
  if (limit === 0) return { rows: [] };
  if (kind === "namespaces" && view) {
    const { view: _, ...stored } = query;
    const filters = filtersOf(kind, query.selector, { engine, moment: NOW, isByName: false });
    const whole = { engine, kind, query: stored, newest, filters, reach, bare, places };
    const readWhole = (range: Range): Promise<Rows> => readRanges(whole, [range]);
    const readNames = (names: ListQuery): Promise<Rows> =>
      readRows(engine, "repositories", { query: names, newest, reach, bare: true, places });
    return readSeenNamespaces(
      engine,
      { query: { ...query, view }, newest, places },
      { readWhole, readNames },
    );
  }
  const selector = { ...query.selector, ...(await revisionBounds(engine, query.selector)) };
  const moment = at === undefined ? NOW : momentOf(at);
  const filters = filtersOf(kind, selector, { engine, moment, isByName: order.by === "name" });
  const reading = { engine, kind, query, newest, filters, reach, bare, places };
  const ranges = rangesOf(kind, selector, order);
  return view ? readSeen(reading, ranges, view) : readRanges(reading, ranges);
}

/** A page of what a view shows. */
async function readSeen(unlimited: Reading, all: readonly Range[], view: View): Promise<Rows> {
  const { engine, kind, query } = unlimited;
  const { repository } = query.selector;
  if (repository !== undefined && kind !== "repositories") {
    return shows(view, repository) ? readRanges(unlimited, all) : { rows: [] };
  }
  const { order } = query;
  const isByName = order.by === "name";
  // A view may have a thousand parts: they are gone through only where nothing has been kept.
  const named = (): Range[] =>
    seenRanges(engine, rangesOf(kind, query.selector, { ...order, by: "name" }), { view, order });
  if (!isByName || (view.ranges.length > RANGES_WALKED && !isLongAgo(unlimited))) {
    const places = await placesOf(unlimited, named, all[0]);
    if (places) return rowsAt(unlimited, places);
  }
  const seen = engine.sees(`f.${TABLES[kind].names[0]}`, view);
  const ranges = isByName ? named() : all.map((range) => ({ ...range, holds: seen }));
  return readRanges({ ...unlimited, seen }, ranges);
}

async function readRanges(reading: Reading, ranges: readonly Range[]): Promise<Rows> {
  const { limit } = reading.query;
  const rows: Row[] = [];
  let next: Position | undefined;
  for (const range of ranges) {
    const stretch = await readRange(reading, range, limit + 1 - rows.length);
    rows.push(...stretch.rows);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    next = last ? positionOf(reading, range, last) : stretch.stoppedAt;
    if (next !== undefined) break;
  }
  return { rows: rows.slice(0, limit), next };
}

/** The first rows of a range that all filters hold for, at most `want`. */
async function readRange(reading: Reading, range: Range, want: number): Promise<Stretch> {
  if (isLongAgo(reading)) return selectLongAgo(reading, range, want);
  if (reading.filters.length === 0) return { rows: await select(reading, range, { want }) };
  const index = indexOf(reading, range);
  if (index !== undefined) return { rows: await select(reading, { ...range, index }, { want }) };
  const known = knownPlaces(reading, range);
  if (known) return { rows: await rowsOf(reading, entriesBehind(reading, known, want), { range }) };
  const walked = walkedOf(reading, range);
  const { rows: tried, stop } = await tryFirst(reading, walked, want);
  if (tried.length >= want || stop === undefined) return { rows: tried };
  if (tried.length * FILLED_ENOUGH >= want) return { rows: tried, stoppedAt: stop };
  const found = await findPlaces(reading, range);
  if (found) return { rows: await rowsOf(reading, entriesBehind(reading, found, want), { range }) };
  const { rowsLookedAtMax, rowsLookedUpMax } = reading.reach;
  const most = reading.filters.some(({ looksUp }) => looksUp) ? rowsLookedUpMax : rowsLookedAtMax;
  const stoppedAt = await placeBehind(reading, walked, most);
  const behindTried = { ...reading, query: { ...reading.query, after: stop } };
  const rest = await select(behindTried, walked, { want: want - tried.length, stop: stoppedAt });
  const rows = [...tried, ...rest];
  return { rows, stoppedAt: rows.length >= want ? undefined : stoppedAt };
}

/** The index that has all that a page can show in its order, and little else, though there is a filter. */
function indexOf(reading: Reading, range: Range): string | undefined {
  const { filters, query } = reading;
  const isAlone = filters.length === 1 && range.holds === undefined;
  return isAlone && query.order.by === "name" ? filters[0]?.indexByName : undefined;
}

/** The rows of a range that are gone through for those that the filters hold for. */
function walkedOf({ filters, query }: Reading, range: Range): Range {
  const among = query.order.by === "name" ? filters.find((filter) => filter.among)?.among : undefined;
  if (!among) return range;
  return { ...range, index: among.index, holds: range.holds ? allOf([range.holds, among]) : among };
}

/** Names of repositories with manifests that a view shows, at most `limit`, behind a name. */
export async function namesSeen(
  engine: Engine,
  asked: Omit<Asked, "query" | "bare">,
  { view, after, limit }: Page<string> & { readonly view: View },
): Promise<RepositoryName[]> {
  const names: RepositoryName[] = [];
  let place: Position | undefined = after ? [after] : undefined;
  do {
    const order = { by: "name", descending: false } as const;
    const query = { selector: { empty: false }, view, order, limit: limit - names.length, after: place };
    const { rows, next } = await readRows(engine, "repositories", { ...asked, query, bare: true });
    names.push(...rows.map(({ name }) => name as RepositoryName));
    place = next;
  } while (place && names.length < limit);
  return names;
}
