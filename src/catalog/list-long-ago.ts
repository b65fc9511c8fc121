import { setImmediate } from "node:timers/promises";
import type { Value } from "./engine.ts";
import type { Position } from "./items.ts";
import { lookedAt } from "./list-details.ts";
import type { Row } from "./list-items.ts";
import { allOf, behind, orderOf, TABLES, upTo, type Condition, type Range } from "./list-orders.ts";
import { rowsOf } from "./list-places.ts";
import type { Reading, Stretch } from "./list-reading.ts";

/** Names that one statement goes through, at the least: what the filters leave of them may be little. */
const NAMES_LEAST = 50;

/** Whether so much has ended since the moment of a list by name that it is read from name to name. */
export function isLongAgo({ query: { at, order }, newest, reach }: Reading): boolean {
  return at !== undefined && order.by === "name" && newest - at > reach.recentRevisions;
}

/**
 * The first rows of a stretch of names that all filters held for at a moment long ago, at most `want`, in its order; it ends
 * early after so many names that were there at some time. Of each name that there has ever been the version of then is
 * found by the key, so that it does not matter how many it has had. What a view hides is passed over without being counted.
 */
export async function selectLongAgo(reading: Reading, range: Range, want: number): Promise<Stretch> {
  const { sql, values } = allOf(reading.filters);
  const holding = [{ sql: lookedAt(sql), values }];
  const rows: Row[] = [];
  let { after } = reading.query;
  for (let left = reading.reach.rowsLookedUpMax; ;) {
    const count = Math.max(want - rows.length, NAMES_LEAST);
    const steps = await namesBehind(reading, range, { after, count });
    const names = steps.filter(({ isInList }) => isInList).slice(0, left);
    const entries = names.map(({ place }) => ({ place: [], names: place.map(String), again: null }));
    rows.push(...(await rowsOf(reading, entries, { range, holding })));
    left -= names.length;
    if (rows.length >= want) return { rows: rows.slice(0, want) };
    if (left === 0) return { rows, stoppedAt: names.at(-1)?.place };
    if (steps.length < count) return { rows };
    after = steps.at(-1)?.place;
    await setImmediate();
  }
}

/** A name that has been come by; not all of these are in the list. */
type Step = { readonly place: Position; readonly isInList: boolean };

/** The next names of a stretch, of all that there have ever been: each is looked up behind the one before. */
async function namesBehind(
  { engine, kind, query: { order } }: Reading,
  range: Range,
  { after, count }: { after: Position | undefined; count: number },
): Promise<Step[]> {
  const { table, names } = TABLES[kind];
  const { within, beyond } = kind === "namespaces" ? childrenOf(range, order) : ownNames(range, order);
  const first = behind(within, after, order);
  if (!first) return [];
  const next = allOf([...beyond, ...upTo(within, order)]);
  const select = (where: Condition): string =>
    names
      .map(
        (name) =>
          `(select f.${name} from ${table} f where ${where.sql} order by ${orderOf(within, order, "f")} limit 1)`,
      )
      .join(", ");
  const inList = allOf([
    ...(range.equal ? [{ sql: `f.${names[0]} = ?`, values: [range.equal[1]] }] : []),
    ...(range.holds ? [range.holds] : []),
  ]);
  const rows = await engine.all<Row>(
    `with recursive found (n, ${names.join(", ")}) as (
        select 1, ${select(first)}
        union all
        select found.n + 1, ${select(next)} from found where found.n < ? and found.${names[0]} is not null
      )
      select ${names.join(", ")}, case when ${inList.sql.replaceAll(/\bf\./g, "found.")} then 1 else 0 end as listed
        from found where ${names[0]} is not null`,
    [...names.flatMap(() => first.values), ...names.flatMap(() => next.values), count, ...inList.values],
  );
  return rows.map((row) => ({
    place: names.map((name) => row[name]) as unknown as Position,
    isInList: row["listed"] === 1,
  }));
}

type Steps = { readonly within: Range; readonly beyond: readonly Condition[] };

function ownNames(range: Range, { descending }: { descending: boolean }): Steps {
  const { by, equal } = range;
  const row = by.map((column) => `f.${column}`).join(", ");
  // SQLite compares the second of two columns by an index only with what is itself no column.
  const before = by.map((column) => `found.${column} || ''`).join(", ");
  const past = { sql: `(${row}) ${descending ? "<" : ">"} (${before})`, values: [] };
  return {
    within: range,
    beyond: [...(equal ? [{ sql: `f.${equal[0]} = ?`, values: [equal[1]] }] : []), past],
  };
}

/**
 * Children of a namespace lie among all that is below it, in the order of their paths. From what is farther below, all with
 * the same parent is passed over: ascending, the first that is met below a child has that for a parent; descending, it takes
 * a step for each level. Never back, whatever there is.
 */
function childrenOf({ index, equal, by }: Range, { descending }: { descending: boolean }): Steps {
  const parent = equal?.[1] ?? "";
  const bounds = parent === "" ? {} : { from: `${parent}/`, to: `${parent}0` };
  const end: Value = descending ? "/" : "/\u007f";
  const [ahead, back] = descending ? ["<", ">"] : [">", "<"];
  const sql = `f.path ${ahead} case when found.parent = ? or found.parent || ? ${back} found.path then found.path
    else found.parent || ? end`;
  return { within: { index, by, ...bounds }, beyond: [{ sql, values: [parent, end, end] }] };
}
