import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Queryable, Value } from "./engine.ts";
import type { Draft, Span } from "./log.ts";
import { changeNamespaces } from "./namespaces.ts";
import { insertRows } from "./rows.ts";

/** What lists say of a repository as a whole. */
type Tally = {
  readonly born: number;
  readonly created: number;
  readonly tags: number;
  readonly manifests: number;
  /** Bytes of its manifests, and of the blobs they name, each counted once. */
  readonly size: number;
  readonly pulled: number;
};

/** What a write does to the tally of its repository: what it was, and what each draft adds to it. */
type Change = { readonly before: Tally | undefined; readonly steps: readonly Step[] };

type Step = {
  readonly type: Draft["type"];
  readonly tags: number;
  readonly manifests: number;
  readonly size: number;
};

/**
 * Counts what the drafts of a write change in their repository, and which blobs its manifests name from now on. Before the
 * write takes its revisions: nobody else changes these counts, as writes to one repository wait for each other.
 */
export async function countChange(
  tx: Queryable,
  repository: RepositoryName,
  drafts: readonly Draft[],
): Promise<Change> {
  const [before] = await tx.all<Tally>(
    `select born, created, tags, manifests, size, pulled from repository where name = ? and until is null`,
    [repository],
  );
  const steps: Step[] = [];
  for (const { type, digest, previous } of drafts) {
    const tags = type === "tag.deleted" ? -1 : Number(type === "tag.set" && previous === undefined);
    let [manifests, size] = [0, 0];
    if (digest && type === "manifest.pushed") [manifests, size] = [1, await useBlobs(tx, repository, digest)];
    if (digest && type === "manifest.deleted") {
      [manifests, size] = [-1, -(await releaseBlobs(tx, repository, digest))];
    }
    steps.push({ type, tags, manifests, size });
  }
  return { before, steps };
}

/** Resolves with the bytes that this manifest is the first of its repository to need. */
async function useBlobs(tx: Queryable, repository: RepositoryName, digest: Digest): Promise<number> {
  const blobs = await tx.all<{ uses: number; size: number }>(
    `insert into blob_use (repository, blob, size, uses)
      select ?, b.blob, b.size, 1 from content_blob b where b.digest = ?
      on conflict (repository, blob) do update set uses = blob_use.uses + 1 returning uses, size`,
    [repository, digest],
  );
  const first = blobs.filter(({ uses }) => uses === 1);
  return first.reduce((sum, blob) => sum + blob.size, await sizeOf(tx, digest));
}

/** Resolves with the bytes that nothing in its repository needs any more. */
async function releaseBlobs(tx: Queryable, repository: RepositoryName, digest: Digest): Promise<number> {
  const among = `repository = ? and blob in (select b.blob from content_blob b where b.digest = ?)`;
  const blobs = await tx.all<{ uses: number; size: number }>(
    `update blob_use set uses = uses - 1 where ${among} returning uses, size`,
    [repository, digest],
  );
  const last = blobs.filter(({ uses }) => uses === 0);
  if (last.length > 0) await tx.run(`delete from blob_use where ${among} and uses = 0`, [repository, digest]);
  return last.reduce((sum, blob) => sum + blob.size, await sizeOf(tx, digest));
}

async function sizeOf(tx: Queryable, digest: Digest): Promise<number> {
  const [content] = await tx.all<{ size: number }>(`select size from content where digest = ?`, [digest]);
  return content?.size ?? 0;
}

/** Gives the repository a version for each revision of a write, and the namespaces it lies in one for the whole write. */
export async function applyChange(
  tx: Queryable,
  repository: RepositoryName,
  { change, span }: { change: Change; span: Span },
): Promise<void> {
  const { before, steps } = change;
  const { first, last, time } = span;
  const isDeleted = steps.at(-1)?.type === "repository.deleted";
  if (before)
    await tx.run(`update repository set until = ? where name = ? and until is null`, [first, repository]);
  const { born, created, pulled } = before ?? { born: first, created: time, pulled: 0 };
  let { tags, manifests, size } = before ?? { tags: 0, manifests: 0, size: 0 };
  const rows: Value[][] = [];
  for (const [position, step] of steps.entries()) {
    if (step.type === "repository.deleted") break;
    tags += step.tags;
    manifests += step.manifests;
    size += step.size;
    const since = first + position;
    const until = since === last ? null : since + 1;
    rows.push([repository, since, until, born, created, time, tags, manifests, size, pulled]);
  }
  const into = "repository (name, since, until, born, created, updated, tags, manifests, size, pulled)";
  await insertRows(tx, { into, rows });
  await changeNamespaces(tx, repository, {
    revision: isDeleted ? last : first,
    time,
    repositories: Number(!before) - Number(isDeleted),
    filled: Number(!isDeleted && manifests > 0) - Number((before?.manifests ?? 0) > 0),
  });
}
