import type { Queryable, Value } from "./engine.ts";

/** Rows per statement: enough to make a large insert cheap, few enough for either database's parameter limit. */
const ROWS_PER_STATEMENT = 100;

/** Inserts rows into a table, which is named with its columns: `tag (repository, name)`. */
export async function insertRows(
  database: Queryable,
  { into, rows, end = "" }: { into: string; rows: readonly (readonly Value[])[]; end?: string },
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const batch = rows.slice(start, start + ROWS_PER_STATEMENT);
    const tuple = `(${placeholders(batch[0]?.length ?? 0)})`;
    await database.run(`insert into ${into} values ${listed(tuple, batch.length)} ${end}`, batch.flat());
  }
}

/** `?, ?, ?` for so many values. */
export function placeholders(count: number): string {
  return listed("?", count);
}

function listed(part: string, count: number): string {
  return count === 0 ? "" : `${`${part}, `.repeat(count - 1)}${part}`;
}
