import type { Position } from "./items.ts";
import type { Value } from "./engine.ts";
import type { Filter } from "./filter.ts";
import { NO_DETAILS, type Details, type Row } from "./list-items.ts";
import { allOf, behind, orderOf, TABLES, type Condition, type Range } from "./list-orders.ts";
import { comparePlaces, eachOnce, entryColumns, rowsOf, sortedBy } from "./list-places.ts";
import { currentIn, endedIn, placeNames, shownOf, type Reading, type Source } from "./list-reading.ts";

/** `stop` is the last place that is looked at, `most` how many rows are, of the present. */
type Part = { readonly want: number; readonly stop?: Position | undefined; readonly most?: number };

/** The rows of a stretch that all filters hold for, in its order. */
export async function select(reading: Reading, range: Range, { want, stop, most }: Part): Promise<Row[]> {
  const { query, filters } = reading;
  const place = behind(range, query.after, { ...query.order, stop });
  if (!place) return [];
  const current = currentIn(reading, range);
  const stretch = allOf([place, ...(range.holds ? [range.holds] : [])]);
  const { columns, details } = shownOf(reading, range);
  const shown = { ...details, columns: `${columns}${details.columns}` };
  if (most !== undefined) return read(reading, range, { shown, from: current, stretch, most, filters, want });
  const where = allOf([stretch, ...filters]);
  const rows = await read(reading, range, { shown, from: current, stretch: where, want });
  const entries = { ...NO_DETAILS, columns: entryColumns(reading, range) };
  let others: Row[] = [];
  for await (const from of endedIn(reading, range)) {
    const more = await read(reading, range, { shown: entries, from, stretch: where, want });
    if (more.length > 0) others = inOrder(reading, range, [...others, ...more]).slice(0, want);
  }
  if (others.length === 0) return rows;
  const ended = await rowsOf(reading, sortedBy(reading, range, others), { range });
  return inOrder(reading, range, eachOnce(reading, [...rows, ...ended])).slice(0, want);
}

/** Of the rows of a stretch, or of the first `most` of them, those that the filters hold for: at most `want`. */
type Stretched = {
  readonly shown: Details;
  readonly from: Source;
  readonly stretch: Condition;
  readonly want: number;
  readonly most?: number;
  readonly filters?: readonly Filter[];
};

function read({ engine, kind, query }: Reading, range: Range, stretched: Stretched): Promise<Row[]> {
  const { shown, from, stretch, want, most, filters = [] } = stretched;
  const { table } = TABLES[kind];
  const order = `order by ${orderOf(range, query.order, "f")} limit ?`;
  const where = `where ${from.sql} and ${stretch.sql}`;
  if (most === undefined) {
    const sql = `select ${shown.columns} from ${table} f ${from.using} ${shown.join} ${where} ${order}`;
    return engine.all(sql, [...shown.values, ...from.values, ...stretch.values, want]);
  }
  const held = allOf(filters);
  const first = `(select f.* from ${table} f ${from.using} ${where} ${order})`;
  const sql = `select ${shown.columns} from ${first} f ${shown.join} where ${held.sql} ${order}`;
  return engine.all(sql, [...shown.values, ...from.values, ...stretch.values, most, ...held.values, want]);
}

function inOrder(reading: Reading, range: Range, rows: readonly Row[]): Row[] {
  const places = placeNames(reading, range);
  const placeOf = (row: Row): readonly Value[] => places.map((name) => row[name] ?? "");
  const sign = reading.query.order.descending ? -1 : 1;
  return rows.toSorted((a, b) => sign * comparePlaces(placeOf(a), placeOf(b)));
}

/** The place of the row that comes so many rows behind the page's beginning; `undefined` when the range ends before it. */
export async function placeBehind(
  reading: Reading,
  range: Range,
  rows: number,
): Promise<Position | undefined> {
  const { engine, kind, query } = reading;
  const place = behind(range, query.after, query.order);
  if (!place) return undefined;
  const source = currentIn(reading, range);
  const where = allOf([place, ...(range.holds ? [range.holds] : [])]);
  const [row] = await engine.all<Row>(
    `select ${placeColumns(reading, range)} from ${TABLES[kind].table} f ${source.using}
      where ${source.sql} and ${where.sql} order by ${orderOf(range, query.order, "f")} limit 1 offset ?`,
    [...source.values, ...where.values, rows - 1],
  );
  return row && positionOf(reading, range, row);
}

function placeColumns(reading: Reading, range: Range): string {
  return placeNames(reading, range)
    .map((name) => `f.${name}`)
    .join(", ");
}

export function positionOf(reading: Reading, range: Range, row: Row): Position {
  const names = placeNames(reading, range);
  return names.map((name) => row[name]) as unknown as Position;
}
