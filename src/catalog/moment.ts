import { RegistryError } from "../errors.ts";
import type { Revision } from "./catalog.ts";
import type { Queryable, Value } from "./engine.ts";
import type { Condition } from "./list-orders.ts";

/** When facts are asked for. */
export type Moment = {
  /** The revision; absent for the present. */
  readonly at?: Revision;
  /** The condition under which a row of facts holds then. */
  readonly holds: (fact: string) => string;
  /** What the condition's parameters are, each time it is used. */
  readonly values: readonly Value[];
};

/** The present. */
export const NOW: Moment = { holds: (fact) => `${fact}.until is null`, values: [] };

/** The time at which the log had come to a revision. */
export function momentOf(at: Revision): Moment {
  return {
    at,
    holds: (fact) => `${fact}.since <= ? and coalesce(${fact}.until > ?, true)`,
    values: [at, at],
  };
}

/** The condition for the row `f` of a table that is the fact of these names at a revision, or now. */
export function versionNamed(
  table: string,
  names: Readonly<Record<string, Value>>,
  at: Revision | undefined,
): Condition {
  const sql = (version: string): string =>
    Object.keys(names)
      .map((name) => `${version}.${name} = ?`)
      .join(" and ");
  return versionOf(table, { sql, values: Object.values(names) }, at);
}

/** The same for facts whose names are in the columns of `given`, in this order. */
export function versionGiven(table: string, names: readonly string[], at: Revision | undefined): Condition {
  const sql = (version: string): string =>
    names.map((name, position) => `${version}.${name} = given.column${position + 1}`).join(" and ");
  return versionOf(table, { sql, values: [] }, at);
}

/**
 * Of all versions of a fact, which begin one after the other, the newest that began by then. It is found by the table's key:
 * a repository has one for each push, and to try them all took 1.4 ms where ten thousand tags had been pushed.
 */
function versionOf(
  table: string,
  named: { readonly sql: (version: string) => string; readonly values: readonly Value[] },
  at: Revision | undefined,
): Condition {
  const [own, same] = [named.sql("f"), named.sql("v")];
  if (at === undefined) return { sql: `${own} and f.until is null`, values: named.values };
  const newest = `(select max(v.since) from ${table} v where ${same} and v.since <= ?)`;
  return {
    sql: `${own} and f.since = ${newest} and coalesce(f.until > ?, true)`,
    values: [...named.values, ...named.values, at, at],
  };
}

/** The newest revision at a time. `REVISION_EXPIRED` when what was then is no longer known. */
export async function revisionAt(database: Queryable, time: Date): Promise<Revision> {
  const [row] = await database.all<{ revision: number | null; oldest: number }>(
    `select clock.oldest, (select revision from event where time <= ? order by time desc, revision desc limit 1)
      as revision from clock where id = 1`,
    [time.getTime()],
  );
  if (row && row.revision === null && row.oldest > 0) {
    throw new RegistryError(
      "REVISION_EXPIRED",
      `What was in the registry at ${time.toISOString()} is no longer known: the oldest revision that is kept is ${row.oldest}.`,
      { detail: { oldest: row.oldest } },
    );
  }
  return row?.revision ?? 0;
}

/** `REVISION_EXPIRED` when what held at a revision was compacted away, `REVISION_UNKNOWN` when it has not come yet. */
export function requireRetained(revision: Revision, bounds: { revision: Revision; oldest: Revision }): void {
  const { revision: newest, oldest } = bounds;
  const detail = { oldest, newest };
  if (revision < oldest) {
    throw new RegistryError(
      "REVISION_EXPIRED",
      `Revision ${revision} was compacted; the oldest that is kept is ${oldest}. List again, then follow from there.`,
      { detail },
    );
  }
  if (revision > newest) {
    throw new RegistryError(
      "REVISION_UNKNOWN",
      `Revision ${revision} has not happened here; the newest is ${newest}. Was it taken from another registry?`,
      { detail },
    );
  }
}
