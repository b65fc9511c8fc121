import type { Value } from "./engine.ts";
import type { Position } from "./items.ts";
import { lookedAt } from "./list-details.ts";
import type { Row } from "./list-items.ts";
import { allOf, behind, orderOf, TABLES, upTo, type Condition, type Range } from "./list-orders.ts";
import { rowsOf } from "./list-places.ts";
import type { Reading } from "./list-reading.ts";

/** Names that one statement goes through, at the least: what the filters leave of them may be little. */
const NAMES_LEAST = 50;

/** What of a stretch is read: at most `want` rows, and of no more than `most` names. */
type Part = { readonly want: number; readonly stop?: Position | undefined; readonly most?: number };

/** Rows that were found, and where they were no longer looked for, if the stretch does not end before it. */
type Looked = { readonly rows: Row[]; readonly stoppedAt?: Position | undefined };

/** Whether so much has ended since the moment of a list by name that it is read from name to name. */
export function isLongAgo({ query: { at, order }, newest, reach }: Reading): boolean {
  return at !== undefined && order.by === "name" && newest - at > reach.recentRevisions;
}

/**
 * The rows of a stretch of names that all filters held for at a moment long ago, in its order. Of each name that there has
 * ever been the version of then is found by the key, so that it does not matter how many it has had.
 */
export async function selectLongAgo(
  reading: Reading,
  range: Range,
  { want, stop, most = Number.POSITIVE_INFINITY }: Part,
): Promise<Looked> {
  const rows: Row[] = [];
  const { sql, values } = allOf([...reading.filters, ...(range.holds ? [range.holds] : [])]);
  const holding = [{ sql: lookedAt(sql), values }];
  let after = reading.query.after;
  for (let left = most; left > 0 && rows.length < want;) {
    const count = Math.min(Math.max(want - rows.length, NAMES_LEAST), left);
    const names = await namesBehind(reading, range, { after, stop, count });
    const entries = names
      .filter(([whole]) => !range.equal || whole === range.equal[1])
      .map((each) => ({ place: [], names: each.map(String), again: null }));
    rows.push(...(await rowsOf(reading, entries, { range, holding })));
    if (names.length < count) return { rows: rows.slice(0, want) };
    after = placeOf(range, names.at(-1));
    left -= count;
  }
  return { rows: rows.slice(0, want), stoppedAt: after };
}

/** The place of a name that was looked at: of a stretch that is a whole, in that. */
function placeOf({ equal }: Range, name: Position | undefined): Position | undefined {
  return equal && name ? ([equal[1], ...name.slice(1)] as unknown as Position) : name;
}

/** The place that comes so many names behind the page's beginning; `undefined` when the stretch ends before it. */
export async function nameBehind(
  reading: Reading,
  range: Range,
  count: number,
): Promise<Position | undefined> {
  const names = await namesBehind(reading, range, { after: reading.query.after, count });
  return names.length < count ? undefined : placeOf(range, names.at(-1));
}

/** The next names of a stretch, of all that there have ever been: each is looked up behind the one before. */
async function namesBehind(
  { engine, kind, query: { order } }: Reading,
  range: Range,
  { after, stop, count }: { after: Position | undefined; stop?: Position | undefined; count: number },
): Promise<Position[]> {
  const { table, names } = TABLES[kind];
  const { within, beyond } = kind === "namespaces" ? childrenOf(range, order) : ownNames(range, order);
  const first = behind(within, after, { ...order, stop });
  if (!first) return [];
  const next = allOf([...beyond, ...upTo(within, { ...order, stop })]);
  const select = (where: Condition): string =>
    names
      .map(
        (name) =>
          `(select f.${name} from ${table} f where ${where.sql} order by ${orderOf(within, order, "f")} limit 1)`,
      )
      .join(", ");
  const rows = await engine.all<Row>(
    `with recursive found (n, ${names.join(", ")}) as (
        select 1, ${select(first)}
        union all
        select found.n + 1, ${select(next)} from found where found.n < ? and found.${names[0]} is not null
      )
      select ${names.join(", ")} from found where ${names[0]} is not null`,
    [...names.flatMap(() => first.values), ...names.flatMap(() => next.values), count],
  );
  return rows.map((row) => names.map((name) => row[name]) as unknown as Position);
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
 * the same parent is passed over; of what is below a child the first has that for a parent.
 */
function childrenOf({ index, equal, by }: Range, { descending }: { descending: boolean }): Steps {
  const parent = equal?.[1] ?? "";
  const bounds = parent === "" ? {} : { from: `${parent}/`, to: `${parent}0` };
  const end: Value = descending ? "/" : "/\u007f";
  const sql = `f.path ${descending ? "<" : ">"}
    case when found.parent = ? then found.path else found.parent || ? end`;
  return { within: { index, by, ...bounds }, beyond: [{ sql, values: [parent, end] }] };
}
