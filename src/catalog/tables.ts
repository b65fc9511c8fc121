import type { Queryable } from "./engine.ts";

/**
 * Makes tables where they are not there. Of two that do so for the first time at the same moment PostgreSQL fails one, for
 * whom they are there by then.
 */
export async function makeTables(database: Queryable, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await database.run(sql).catch(() => database.run(sql));
}
