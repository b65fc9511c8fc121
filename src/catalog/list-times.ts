import type { Queryable } from "./engine.ts";
import type { RevisionBounds } from "./list-orders.ts";
import type { Selector } from "./selector.ts";

/**
 * The revisions that the times of a selector stand for, by which rows can be found: the log is in the order of time. A
 * time before the log begins, as older events were compacted away, gives no lower bound.
 */
export async function revisionBounds(database: Queryable, selector: Selector): Promise<RevisionBounds> {
  const { createdSince, createdBefore, updatedSince, updatedBefore } = selector;
  const [bornFrom, bornTo, sinceFrom, sinceTo] = await Promise.all(
    [createdSince, createdBefore, updatedSince, updatedBefore].map(
      async (time) => time && (await firstSince(database, time)),
    ),
  );
  return {
    ...(bornFrom && !bornFrom.isFirst && { bornFrom: bornFrom.revision }),
    ...(bornTo && { bornTo: bornTo.revision }),
    ...(sinceFrom && !sinceFrom.isFirst && { sinceFrom: sinceFrom.revision }),
    ...(sinceTo && { sinceTo: sinceTo.revision }),
  };
}

/** The first revision at a time or later, and whether it is where the log begins. */
async function firstSince(database: Queryable, time: Date): Promise<{ revision: number; isFirst: boolean }> {
  const [row] = await database.all<{ first: number | null; before: number | null; newest: number }>(
    `select clock.revision as newest,
        (select revision from event where time >= ? order by time, revision limit 1) as first,
        (select revision from event where time < ? order by time desc, revision desc limit 1) as before
      from clock where id = 1`,
    [time.getTime(), time.getTime()],
  );
  return { revision: row?.first ?? (row?.newest ?? 0) + 1, isFirst: (row?.before ?? null) === null };
}
