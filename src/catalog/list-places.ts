import type { Value } from "./engine.ts";
import type { ListQuery, Position } from "./items.ts";
import type { Row } from "./list-items.ts";
import { allOf, behind, columnsOf, TABLES, type Condition, type Range } from "./list-orders.ts";
import { placeNames, shownOf, type Reading, type Rows } from "./list-reading.ts";
import { stillAt } from "./kept-places.ts";
import { momentOf, NOW, versionGiven } from "./moment.ts";
import { placeholders } from "./rows.ts";

/** Entries of a list and their places in it, in ascending order; and what {@link Engine.again} says of them. */
export type Sorted = readonly {
  readonly place: readonly Value[];
  readonly names: readonly string[];
  readonly again: Value;
}[];

/** How long an order by pulls may be taken for unchanged, in milliseconds. */
const PULLED_VALID_MS = 60_000;
/** Stretches that one statement reads, and entries it looks up. */
const RANGES_PER_STATEMENT = 50;
const NAMES_PER_STATEMENT = 200;

/**
 * All that is shown of a list, in its order; `undefined` when that is too much to be sorted. `ranges` are those names that
 * are seen; `ordered` is the range of the order.
 */
export async function placesOf(
  reading: Reading,
  ranges: () => readonly Range[],
  ordered: Range | undefined,
): Promise<Sorted | undefined> {
  if (!ordered) return undefined;
  const { engine, kind, query, newest, places } = reading;
  const { selector, order, view, at = newest } = query;
  const key = [kind, view?.key, at, selector.under, selector.name, selector.repository];
  const isStill = stillAt(engine, { at: query.at, newest });
  const make = (): Promise<boolean> => areFew(reading, ranges());
  const isFew = await places.of(JSON.stringify(key), { make, entries: () => 1, isStill });
  if (!isFew) return undefined;
  const sort = (): Promise<Sorted> => sorted(reading, ranges(), ordered);
  const all = JSON.stringify([...key, selector, order.by, pulledMinute(query)]);
  return places.of(all, { make: sort, entries: (made) => made.length, isStill });
}

/** Names the time for which an order by pulls is kept: they change it without a revision. */
export function pulledMinute({ order }: ListQuery): number | undefined {
  return order.by === "pulled" ? Math.floor(Date.now() / PULLED_VALID_MS) : undefined;
}

/** True when no more is seen than may be sorted, whatever the filters leave of it. */
async function areFew(reading: Reading, ranges: readonly Range[]): Promise<boolean> {
  const { engine, reach } = reading;
  let left = reach.rowsFoundMax;
  for (const some of batches(ranges, RANGES_PER_STATEMENT)) {
    const parts = some.map((range) => partOf(reading, range, { columns: "1 as one", filters: [] }));
    const [row] = await engine.all<{ n: number }>(
      `select count(*) as n from (${parts.map(({ sql }) => `select * from (${sql} limit ?) part`).join(" union all ")}) page`,
      parts.flatMap(({ values }) => [...values, left + 1]),
    );
    left -= row?.n ?? 0;
    if (left < 0) return false;
  }
  return true;
}

async function sorted(reading: Reading, ranges: readonly Range[], ordered: Range): Promise<Sorted> {
  const { engine, query, filters } = reading;
  const selected = entryColumns(reading, ordered);
  // What has no place in this order, such as a tag that is no version, is not in the list.
  const inOrder =
    query.order.by === "name" ? undefined : behind(ordered, undefined, { ...query.order, descending: false });
  const all: Row[] = [];
  for (const some of batches(ranges, RANGES_PER_STATEMENT)) {
    const parts = some.map((range) =>
      partOf(reading, range, { columns: selected, filters: inOrder ? [...filters, inOrder] : filters }),
    );
    all.push(
      ...(await engine.all<Row>(
        parts.map(({ sql }) => sql).join(" union all "),
        parts.flatMap(({ values }) => values),
      )),
    );
  }
  return sortedBy(reading, ordered, all);
}

/** What a statement reads for the entries of a list. */
export function entryColumns(reading: Reading, ordered: Range): string {
  return columnsOf(placeNames(reading, ordered), TABLES[reading.kind].names, [reading.engine.again.column]);
}

/** Rows of several statements, between which an entry may have ended: each once. */
export function eachOnce({ kind }: Reading, rows: readonly Row[]): Row[] {
  const { names } = TABLES[kind];
  return [...new Map(rows.map((row) => [JSON.stringify(names.map((name) => row[name])), row])).values()];
}

/** Entries of rows that have {@link entryColumns}. */
export function sortedBy(reading: Reading, ordered: Range, all: readonly Row[]): Sorted {
  const columns = placeNames(reading, ordered);
  const { names } = TABLES[reading.kind];
  const again = reading.engine.again.column;
  return all
    .map((row) => ({
      place: columns.map((name) => row[name] ?? ""),
      names: names.map((name) => String(row[name])),
      again: row[again] ?? null,
    }))
    .toSorted((a, b) => comparePlaces(a.place, b.place));
}

/** The rows of a stretch of names, as they are at the moment of the list. */
function partOf(
  reading: Reading,
  range: Range,
  { columns, filters }: { readonly columns: string; readonly filters: readonly Condition[] },
): Condition {
  const { engine, kind, query } = reading;
  const place = behind(range, undefined, { by: "name", descending: false });
  const moment = query.at === undefined ? NOW : momentOf(query.at);
  const using = query.at === undefined ? engine.using(range.index) : "";
  const where = allOf([
    { sql: moment.holds("f"), values: moment.values },
    ...(place ? [place] : []),
    ...(range.holds ? [range.holds] : []),
    ...filters,
  ]);
  return {
    sql: `select ${columns} from ${TABLES[kind].table} f ${using} where ${where.sql}`,
    values: where.values,
  };
}

/** Numbers by their size, texts by their bytes, which for ASCII are the order of their units. */
export function comparePlaces(a: readonly Value[], b: readonly Value[]): number {
  for (const [at, one] of a.entries()) {
    const other = b[at];
    if (one === other || one === null || other === null || other === undefined) continue;
    return one < other ? -1 : 1;
  }
  return 0;
}

/** The page that begins behind the query's place. */
export async function rowsAt(reading: Reading, places: Sorted): Promise<Rows> {
  const { limit } = reading.query;
  const page = entriesBehind(reading, places, limit + 1);
  const last = page.length > limit ? page[limit - 1] : undefined;
  const rows = await rowsOf(reading, page.slice(0, limit));
  return { rows, ...(last && { next: last.place as unknown as Position }) };
}

/** The first entries behind the query's place, in its order. */
export function entriesBehind({ query }: Reading, places: Sorted, want: number): Sorted {
  const { after, order } = query;
  const ordered = order.descending ? places.toReversed() : places;
  const start = after === undefined ? 0 : firstBehind(ordered, after, order.descending);
  return ordered.slice(start, start + want);
}

function firstBehind(ordered: Sorted, after: Position, descending: boolean): number {
  const sign = descending ? -1 : 1;
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { place = [] } = ordered[middle] ?? {};
    if (sign * compareBehind(place, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A place that says less than an entry's is behind all entries that begin with it. */
function compareBehind(place: readonly Value[], after: Position): number {
  return comparePlaces(
    place.slice(0, after.length),
    after.map((value) => value ?? ""),
  );
}

/** What else is asked of rows: where in a range they are, and what is to hold for them. */
type Wanted = { readonly range?: Range; readonly holding?: readonly Condition[] };

/** The rows of entries, in their order. */
export async function rowsOf(
  reading: Reading,
  entries: Sorted,
  { range, holding = [] }: Wanted = {},
): Promise<Row[]> {
  const { engine, kind } = reading;
  const { names } = TABLES[kind];
  const { columns, details } = shownOf(reading, range);
  const { column } = engine.again;
  const isAgain = isReadAgain(reading);
  const found = new Map<Value | undefined, Row>();
  for (const some of batches(entries, NAMES_PER_STATEMENT)) {
    const { from, where: are } = whereOf(reading, some);
    const where = allOf([are, ...holding]);
    const rows = await engine.all<Row>(
      `select ${columns}${details.columns}, f.${column} ${from} ${details.join} where ${where.sql}`,
      [...details.values, ...where.values],
    );
    for (const row of rows) {
      found.set(isAgain ? row[column] : JSON.stringify(names.map((name) => row[name])), row);
    }
  }
  return entries.flatMap((entry) => {
    const row = found.get(isAgain ? entry.again : JSON.stringify(entry.names));
    return row ? [row] : [];
  });
}

/** At present there is a shorter way to rows than by their names. */
function isReadAgain({ kind, query: { at } }: Reading): boolean {
  return at === undefined && kind !== "namespaces";
}

/** Where the rows of entries are. */
function whereOf(reading: Reading, entries: Sorted): { from: string; where: Condition } {
  const { engine, kind, query } = reading;
  const { at } = query;
  const { table, names } = TABLES[kind];
  if (isReadAgain(reading)) {
    const { column, using } = engine.again;
    const sql = `f.${column} in (${placeholders(entries.length)}) and f.until is null`;
    const values = entries.map(({ again }) => again);
    return { from: `from ${table} f ${using}`, where: { sql, values } };
  }
  const marks = entries.map((entry) => `(${placeholders(entry.names.length)})`).join(", ");
  const { sql, values } = versionGiven(table, names, at);
  return {
    from: `from (values ${marks}) given cross join ${table} f`,
    where: { sql, values: [...entries.flatMap((entry) => entry.names), ...values] },
  };
}

function batches<T>(all: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}
