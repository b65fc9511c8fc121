import type { Digest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { ConfigDetails, ManifestContent, ManifestSummary } from "./catalog.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { marksOf } from "./marks.ts";
import { insertRows } from "./rows.ts";
import { annotatedBy, textInRow } from "./schema-in-row.ts";
import { platformNames } from "./schema-shown.ts";
import { textsOf, type ValueText } from "./search-texts.ts";

/**
 * Longest key and value, in bytes, of an annotation or label that lists can be filtered by. Longer ones are kept and
 * shown, but not indexed: PostgreSQL cannot index more than 2,704 bytes a row.
 */
const INDEXED_KEY_BYTES_MAX = 255;
const INDEXED_VALUE_BYTES_MAX = 1_024;

export type SummaryRow = {
  media_type: string;
  artifact_type: string | null;
  size: number;
  image_size: number;
  subject: Digest | null;
};

/** What a row of `content` says of a manifest. */
export function summaryOf(row: SummaryRow): ManifestSummary {
  return {
    mediaType: row.media_type,
    ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
    size: row.size,
    imageSize: row.image_size,
    ...(row.subject !== null && { subject: row.subject }),
  };
}

/**
 * Stores what a digest means, unless it is known; what had been dropped with an old deletion comes back. Locks it until
 * the transaction ends in either case, so that a compaction does not drop it meanwhile. Resolves with what search is to find.
 */
export async function storeContent(tx: Queryable, content: ManifestContent): Promise<readonly ValueText[]> {
  const { digest, annotations } = content;
  const platforms = content.platforms.map(formatPlatform);
  const isNew = await tx.run(
    `insert into content
        (digest, media_type, artifact_type, class, size, image_size, subject, config, annotations, marks, bytes)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (digest) do update set bytes = excluded.bytes where content.bytes is null`,
    [
      digest,
      content.mediaType,
      content.artifactType ?? null,
      content.class,
      content.size,
      content.imageSize,
      content.subject ?? null,
      content.config ?? null,
      JSON.stringify(annotations),
      marksOf({ annotations, platforms }),
      content.bytes,
    ],
  );
  if (isNew === 0) return [];
  const blobs = new Map(content.blobs.map((blob) => [blob.digest, blob.size]));
  await storePairs(
    tx,
    "content_blob (digest, blob, size)",
    [...blobs].map(([blob, size]) => [digest, blob, size]),
  );
  await storePairs(tx, "content_child (digest, child)", pairs(digest, content.children));
  await storePairs(tx, "content_platform (digest, platform)", pairs(digest, platforms));
  const entries = indexed(digest, annotations);
  await storePairs(tx, "content_annotation (digest, key, value)", entries);
  return textsOf("annotation", entries);
}

/**
 * Notes what a config blob says, for every manifest that names it. Resolves with what search is to find. A repository that
 * has such a manifest waits with its writes until the transaction ends: a tag it sets meanwhile would show what was known
 * before.
 */
export async function storeDetails(
  { engine, tx }: { readonly engine: Engine; readonly tx: Queryable },
  config: Digest,
  details: ConfigDetails,
): Promise<readonly ValueText[]> {
  const { labels, imageCreated } = details;
  const platforms = details.platform ? [formatPlatform(details.platform)] : [];
  const marks = marksOf({ labels, platforms });
  const undescribed = await tx.all<{ digest: Digest }>(
    `update content set labels = ?, image_created = ?, marks = marks | ?
      where config = ? and labels is null and bytes is not null returning digest`,
    [JSON.stringify(labels), imageCreated?.getTime() ?? null, marks, config],
  );
  for (const { digest } of undescribed) {
    await storePairs(tx, "content_label (digest, key, value)", indexed(digest, labels));
    await storePairs(tx, "content_platform (digest, platform)", pairs(digest, platforms));
    if (marks === 0) continue;
    // Sorted here: SQLite takes ten times as long to put no rows in order.
    const found = await tx.all<{ repository: RepositoryName }>(
      `select repository from manifest where digest = ?`,
      [digest],
    );
    const holders = new Set(found.map(({ repository }) => repository).toSorted());
    if (holders.size === 0) continue;
    for (const repository of holders) await engine.lock(tx, `repository ${repository}`);
    for (const table of ["manifest", "tag"]) {
      const names = platformNames(`${table}.digest`);
      await tx.run(`update ${table} set platforms = ${names}, marks = marks | ? where digest = ?`, [
        marks,
        digest,
      ]);
    }
  }
  return undescribed.length === 0 ? [] : textsOf("label", indexed(config, labels));
}

/** Lets the manifests of one repository show what their config says: only there has the config been pushed. */
export async function markDescribed(
  tx: Queryable,
  repository: RepositoryName,
  config: Digest,
): Promise<void> {
  const annotated = annotatedBy("c.labels");
  const described = await tx.all<{ digest: Digest; since: number; annotated: number; labels: string | null }>(
    `update manifest set described = 1,
        image_created = ${ofContent("c.image_created")},
        labels = ${ofContent(textInRow("c.labels"))},
        annotated = ${ofContent(`case when annotated < ${annotated} then ${annotated} else annotated end`)}
      where repository = ? and until is null and described = 0
        and digest in (select digest from content where config = ?) returning digest, since, annotated, labels`,
    [repository, config],
  );
  for (const { digest, since, annotated: much, labels } of described) {
    // Tags that were moved since as well: they showed this same row of the manifest.
    await tx.run(
      `update tag set described = 1, annotated = ?, labels = ? where repository = ? and digest = ? and since >= ?`,
      [much, labels, repository, digest, since],
    );
  }
}

/** Something of the content `c` of a manifest. */
function ofContent(sql: string): string {
  return `(select ${sql} from content c where c.digest = manifest.digest)`;
}

/** True when a manifest of the repository names this config and has not been described. */
export async function hasUndescribed(
  tx: Queryable,
  repository: RepositoryName,
  config: Digest,
): Promise<boolean> {
  const rows = await tx.all(
    `select 1 from manifest where repository = ? and until is null and described = 0
      and digest in (select digest from content where config = ?) limit 1`,
    [repository, config],
  );
  return rows.length > 0;
}

function storePairs(tx: Queryable, into: string, rows: readonly (readonly Value[])[]): Promise<void> {
  return insertRows(tx, { into, rows, end: "on conflict do nothing" });
}

/** Rows of a digest with each of some values. */
export function pairs(digest: Digest, values: readonly string[]): Value[][] {
  return [...new Set(values)].map((value) => [digest, value]);
}

/** Rows of those annotations or labels that lists can be filtered by. */
export function indexed(digest: Digest, entries: Readonly<Record<string, string>>): Value[][] {
  return Object.entries(entries)
    .filter(([key, value]) => isIndexed(key, value))
    .map(([key, value]) => [digest, key, value]);
}

/** Whether lists can be filtered by an annotation or label. */
export function isIndexed(key: string, value: string): boolean {
  return isIndexable(key, INDEXED_KEY_BYTES_MAX) && isIndexable(value, INDEXED_VALUE_BYTES_MAX);
}

/** PostgreSQL holds no NUL in text, and half a surrogate pair is no text to either database. */
function isIndexable(text: string, bytesMax: number): boolean {
  return Buffer.byteLength(text) <= bytesMax && !text.includes("\0") && text.isWellFormed();
}
