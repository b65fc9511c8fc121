import type { Digest } from "../oci/digest.ts";
import type { Revision } from "./catalog.ts";
import type { Engine, Queryable } from "./engine.ts";
import { placeholders } from "./rows.ts";
import { dropNames, dropValues } from "./search-texts.ts";

/**
 * Revisions one transaction forgets. A revision is one event and ends few rows, so this also bounds the rows that a
 * transaction takes out, and how long a push that arrives meanwhile waits.
 */
const REVISIONS_PER_TRANSACTION = 500;

/** Digests named by one statement. */
const DIGESTS_PER_STATEMENT = 100;

/**
 * What can go once the log is cut, and the column that says where it lies before the cut. Tag facts stay: a tag's history
 * outlives what it pointed to, of which the description stays and the bytes go. The event at the cut stays as well: it says
 * since when the oldest facts that are kept have held.
 */
const FORGOTTEN = [
  { table: "event", place: "revision", returning: "type, repository, tag", spared: 1 },
  { table: "repository", place: "until", returning: "name", spared: 0 },
  { table: "namespace", place: "until", returning: "path", spared: 0 },
  { table: "manifest", place: "until", returning: "digest", spared: 0 },
] as const;

const DETAILS = ["content_blob", "content_child", "content_platform"] as const;

/**
 * Forgets events older than `before` (milliseconds since 1970) and facts that ended by the last of them. Others go on
 * writing and reading between its many small transactions; one that was broken off is completed by the next.
 */
export async function compact(engine: Engine, before: number): Promise<Revision> {
  // Readers look at `oldest` after they have read: by then it must say what may have been missing.
  const oldest = await engine.transaction((tx) => cutBefore(tx, before));
  for (const forgotten of FORGOTTEN) {
    while (await engine.transaction((tx) => forgetSome(tx, forgotten, oldest))) {
      // The next transaction.
    }
  }
  return oldest;
}

async function cutBefore(tx: Queryable, before: number): Promise<Revision> {
  const [last] = await tx.all<{ revision: number }>(
    `select revision from event where time < ? order by time desc, revision desc limit 1`,
    [before],
  );
  const cut = last?.revision ?? 0;
  const [clock] = await tx.all<{ oldest: number }>(
    `update clock set oldest = case when oldest > ? then oldest else ? end where id = 1 returning oldest`,
    [cut, cut],
  );
  return clock?.oldest ?? 0;
}

/** False when there is nothing left to forget. */
async function forgetSome(
  tx: Queryable,
  { table, place, returning, spared }: (typeof FORGOTTEN)[number],
  oldest: Revision,
): Promise<boolean> {
  const [first] = await tx.all<{ revision: number }>(
    `select ${place} as revision from ${table} where ${place} <= ? order by ${place} limit 1`,
    [oldest - spared],
  );
  if (!first) return false;
  const last = Math.min(first.revision + REVISIONS_PER_TRANSACTION - 1, oldest - spared);
  const rows = await tx.all<{ digest?: Digest; type?: string; repository?: string; tag?: string | null }>(
    `delete from ${table} where ${place} between ? and ? returning ${returning}`,
    [first.revision, last],
  );
  if (table === "event") await dropNames(tx, rows);
  const digests = new Set(rows.flatMap(({ digest }) => digest ?? []));
  await dropUnused(tx, [...digests].toSorted());
  return true;
}

async function dropUnused(tx: Queryable, digests: readonly Digest[]): Promise<void> {
  for (let start = 0; start < digests.length; start += DIGESTS_PER_STATEMENT) {
    await dropUnusedAmong(tx, digests.slice(start, start + DIGESTS_PER_STATEMENT));
  }
}

/** Drops what is in no repository at any retained revision. */
async function dropUnusedAmong(tx: Queryable, digests: readonly Digest[]): Promise<void> {
  const among = `digest in (${placeholders(digests.length)})`;
  // Holds the rows against pushes, which touch their content before they take revisions. One that came first has
  // committed when this returns, and the next statement sees its manifest; one that comes later waits, and stores anew.
  await tx.run(`update content set size = size where ${among}`, digests);
  const unused = await unnamed(tx, digests, "manifest");
  if (unused.length === 0) return;
  const named = `digest in (${placeholders(unused.length)})`;
  for (const table of DETAILS) await tx.run(`delete from ${table} where ${named}`, unused);
  await dropValues(tx, unused);
  await tx.run(`update content set bytes = null, labels = null, image_created = null where ${named}`, unused);
  const unknown = await unnamed(tx, unused, "tag");
  if (unknown.length === 0) return;
  await tx.run(`delete from content where digest in (${placeholders(unknown.length)})`, unknown);
}

/** Those that no row of the facts names, current or ended. */
async function unnamed(
  tx: Queryable,
  digests: readonly Digest[],
  facts: "manifest" | "tag",
): Promise<Digest[]> {
  const rows = await tx.all<{ digest: Digest }>(
    `select distinct digest from ${facts} where digest in (${placeholders(digests.length)})`,
    digests,
  );
  const named = new Set(rows.map((row) => row.digest));
  return digests.filter((digest) => !named.has(digest));
}
