import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Revision } from "./catalog.ts";
import type { Queryable } from "./engine.ts";
import type { TagChange } from "./items.ts";

type Row = {
  digest: Digest;
  since: number;
  until: number | null;
  updated: number;
  ended: number | null;
  media_type: string;
  size: number;
  artifact_type: string | null;
};

/** Changes of a tag before a revision, newest first, at most `limit`. Its rows are kept for ever, and say all of it. */
export async function tagHistory(
  database: Queryable,
  { repository, tag }: { repository: RepositoryName; tag: Tag },
  { before, limit }: { before: Revision; limit: number },
): Promise<TagChange[]> {
  // One row more than changes: what the oldest of them replaced is in the row before.
  const rows = await database.all<Row>(
    `select f.digest, f.since, f.until, f.updated, f.ended, c.media_type, c.size, c.artifact_type
      from tag f join content c on c.digest = f.digest
      where f.repository = ? and f.name = ? and f.since < ? order by f.since desc limit ?`,
    [repository, tag, before, limit + 1],
  );
  const changes = rows.flatMap((row, position) => changesOf(row, rows[position - 1], rows[position + 1]));
  return changes.filter(({ revision }) => revision < before).slice(0, limit);
}

/** What a row says, newest first: it ended by deletion unless another began at once. */
function changesOf(row: Row, next: Row | undefined, previous: Row | undefined): TagChange[] {
  const described = {
    digest: row.digest,
    mediaType: row.media_type,
    size: row.size,
    ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
  };
  const set: TagChange = {
    event: "set",
    revision: row.since,
    time: new Date(row.updated),
    ...described,
    ...(previous?.until === row.since && { previousDigest: previous.digest }),
  };
  if (row.until === null || row.until === next?.since) return [set];
  return [
    { event: "deleted", revision: row.until, time: new Date(row.ended ?? row.updated), ...described },
    set,
  ];
}
