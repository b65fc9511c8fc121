import { stillAt } from "./kept-places.ts";
import type { Finder } from "./filter.ts";
import type { Row } from "./list-items.ts";
import { allOf, behind, TABLES, type Range } from "./list-orders.ts";
import { eachOnce, entryColumns, pulledMinute, sortedBy, type Sorted } from "./list-places.ts";
import { currentIn, endedIn, type Reading, type Source } from "./list-reading.ts";

/** What a filter finds in a range, or that none finds few rows. */
type Found = { readonly places?: Sorted };

/** What an earlier page of the same list has found in a range. */
export function knownPlaces(reading: Reading, range: Range): Sorted | undefined {
  const found = reading.places.find(keyOf(reading, range)) as Found | undefined;
  return found?.places;
}

/**
 * All of a range that the filters hold for, in its order, if one of them knows where few rows are; `undefined` when none
 * does. It is found once for all pages of a revision.
 */
export async function findPlaces(reading: Reading, range: Range): Promise<Sorted | undefined> {
  const { engine, query, newest, places } = reading;
  const { places: found } = await places.of<Found>(keyOf(reading, range), {
    make: async () => {
      const finder = await bestFinder(reading);
      const made = finder && (await find(reading, range, finder));
      return made ? { places: made } : {};
    },
    entries: (made) => made.places?.length ?? 0,
    isStill: stillAt(engine, { at: query.at, newest }),
  });
  return found;
}

/** What the rows of a range that the filters hold for are kept under. */
export function keyOf({ kind, query, newest }: Reading, { index, equal, from, to }: Range): string {
  const { selector, order, view, at = newest } = query;
  const range = [index, equal, from, to];
  return JSON.stringify(["found", kind, view?.key, at, selector, order.by, pulledMinute(query), range]);
}

/** What there is now of what it finds is little; `undefined` where there was too much at the moment. */
async function find(reading: Reading, range: Range, finder: Finder): Promise<Sorted | undefined> {
  const { engine, kind, query, filters, reach } = reading;
  const place = behind(range, undefined, { ...query.order, descending: false });
  const where = allOf([...(place ? [place] : []), ...(range.holds ? [range.holds] : []), ...filters]);
  const read = ({ using, sql, values }: Source): Promise<Row[]> =>
    engine.all<Row>(
      `select ${entryColumns(reading, range)} from ${TABLES[kind].table} f ${using} where ${sql} and ${where.sql}`,
      [...values, ...where.values],
    );
  let rows = await read(currentIn(reading, range, finder));
  for await (const ended of endedIn(reading, range)) {
    rows = rows.concat(await read(ended));
    if (rows.length > reach.rowsFoundMax) return undefined;
  }
  return sortedBy(reading, range, query.at === undefined ? rows : eachOnce(reading, rows));
}

/** The filter that finds the fewest rows, if they are few. */
async function bestFinder(reading: Reading): Promise<Finder | undefined> {
  const { filters, reach } = reading;
  let best: Finder | undefined;
  let fewest = reach.rowsFoundMax + 1;
  for (const { finder } of filters) {
    const count = finder && (await countUpTo(reading, finder, fewest));
    if (count === undefined || count >= fewest) continue;
    best = finder;
    fewest = count;
  }
  return best;
}

/**
 * How many rows it finds, up to `most`. Where it looks them up by contents, these are counted first: they lie in a row of
 * their index, and what they are looked up in is all over a table.
 */
async function countUpTo({ engine, kind, seen }: Reading, finder: Finder, most: number): Promise<number> {
  const where = allOf([finder, ...(seen ? [seen] : [])]);
  const rows = {
    sql: `select 1 from ${TABLES[kind].table} f ${engine.using(finder.index)} where f.until is null and ${where.sql}`,
    values: where.values,
  };
  let count = most;
  for (const { sql, values } of finder.contents ? [finder.contents, rows] : [rows]) {
    const [row] = await engine.all<{ n: number }>(`select count(*) as n from (${sql} limit ?) page`, [
      ...values,
      most,
    ]);
    count = row?.n ?? most;
    if (count >= most) break;
  }
  return count;
}
