import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Queryable } from "./engine.ts";
import type { Draft, Span } from "./log.ts";
import { placeholders } from "./rows.ts";
import { TAG_NAMES_IN_ROW } from "./schema-in-row.ts";

/** Columns that a manifest's next version has from the one before. */
const KEPT = `subject, described, born, pushed, size, image_size, media_type, artifact_type, class, platforms,
  marks, image_created, annotated, annotations, labels, pulled`;

/** Digests named by one statement. */
const DIGESTS_PER_STATEMENT = 100;

/**
 * Gives the manifests that a write made tagged or untagged another version that says so, from the first revision of the
 * write on, and all whose tags it moved the names they have since its last. Those that were pushed by it know already;
 * those that were deleted have none any more.
 */
export async function markTagged(
  tx: Queryable,
  repository: RepositoryName,
  { drafts, span }: { drafts: readonly Draft[]; span: Span },
): Promise<void> {
  const moved = drafts.filter(({ type }) => type === "tag.set" || type === "tag.deleted");
  const others = drafts.filter(({ type }) => type === "manifest.pushed" || type === "manifest.deleted");
  const known = new Set(others.map(({ digest }) => digest));
  const digests = new Set(moved.flatMap(({ digest, previous }) => [digest, previous]));
  const concerned = [...digests].filter(
    (digest): digest is Digest => digest !== undefined && !known.has(digest),
  );
  for (let start = 0; start < concerned.length; start += DIGESTS_PER_STATEMENT) {
    await markSome(tx, repository, {
      digests: concerned.slice(start, start + DIGESTS_PER_STATEMENT),
      span,
    });
  }
}

async function markSome(
  tx: Queryable,
  repository: RepositoryName,
  { digests, span: { first, last } }: { digests: readonly Digest[]; span: Span },
): Promise<void> {
  const among = `repository = ? and digest in (${placeholders(digests.length)}) and until is null`;
  const ended = await tx.all<{ digest: Digest }>(
    `update manifest set until = ? where ${among} and tagged <> case when exists (select 1 from tag
        where tag.repository = manifest.repository and tag.digest = manifest.digest and tag.until is null)
      then 1 else 0 end returning digest`,
    [first, repository, ...digests],
  );
  if (ended.length > 0) {
    await tx.run(
      `insert into manifest (repository, digest, since, tagged, ${KEPT})
        select repository, digest, until, 1 - tagged, ${KEPT} from manifest
        where repository = ? and until = ? and digest in (${placeholders(ended.length)})`,
      [repository, first, ...ended.map(({ digest }) => digest)],
    );
  }
  await tx.run(`update manifest set tag_names = ${TAG_NAMES_IN_ROW}, tags_since = ? where ${among}`, [
    last,
    repository,
    ...digests,
  ]);
}
