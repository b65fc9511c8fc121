import { classOfManifest, classOfTag, type ArtifactClass } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../errors.ts";
import { parseManifest, type Manifest } from "../oci/manifest.ts";
import { semverKey } from "../oci/semver.ts";
import type { Tag } from "../oci/tag.ts";
import type { Queryable } from "./engine.ts";
import { versionStored } from "./schema-lists-history.ts";

/** Manifests, and names, that are looked at together. */
const MANIFESTS_PER_PAGE = 20;
const NAMES_PER_PAGE = 1_000;

/** Fills the columns and tables of the second step with what follows from the facts that are there already. */
export async function describeStored(tx: Queryable): Promise<void> {
  await readManifests(tx);
  for (const statement of FILL) await tx.run(statement);
  await readTagNames(tx);
  await versionStored(tx);
}

/** In this order. Times that only an event knew may have been compacted away; then the next best is taken. */
const FILL = [
  `update manifest set born = since, size = c.size, image_size = c.image_size, artifact_type = c.artifact_type
    from content c where c.digest = manifest.digest`,
  `update manifest set pushed = coalesce(
    (select e.time from event e where e.revision = manifest.since),
    (select min(t.created) from tag t where t.repository = manifest.repository and t.digest = manifest.digest),
    (select min(e.time) from event e), 0)`,
  `update tag set size = c.size, image_size = c.image_size, class = c.class
    from content c where c.digest = tag.digest`,
  `update tag set born = (select min(t.since) from tag t
      where t.repository = tag.repository and t.name = tag.name and t.created = tag.created)`,
  `update tag set ended = coalesce(
      (select n.updated from tag n where n.repository = tag.repository and n.name = tag.name and n.since = tag.until),
      (select e.time from event e where e.revision = tag.until), updated) where until is not null`,
  `insert into blob_use (repository, blob, size, uses)
    select m.repository, b.blob, max(b.size), count(*) from manifest m join content_blob b on b.digest = m.digest
    where m.until is null group by m.repository, b.blob`,
  `update repository set born = since,
      created = coalesce((select e.time from event e where e.revision = repository.since),
        (select min(m.pushed) from manifest m where m.repository = repository.name), 0)`,
];

async function readManifests(tx: Queryable): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const rows: { digest: Digest; media_type: string; bytes: Uint8Array }[] = await tx.all(
      `select digest, media_type, bytes from content where digest > ? and bytes is not null order by digest limit ?`,
      [after, MANIFESTS_PER_PAGE],
    );
    for (const { digest, media_type: mediaType, bytes } of rows) {
      const manifest = readable(bytes, mediaType);
      if (!manifest) continue;
      await tx.run(`update content set class = ? where digest = ?`, [classNamed(manifest), digest]);
      for (const blob of [...(manifest.config ? [manifest.config] : []), ...manifest.layers]) {
        await tx.run(`update content_blob set size = ? where digest = ? and blob = ?`, [
          blob.size,
          digest,
          blob.digest,
        ]);
      }
    }
    after = rows.at(-1)?.digest;
  }
}

function classNamed({ mediaType, artifactType, config, layers }: Manifest): ArtifactClass {
  const layerMediaTypes = layers.map((layer) => layer.mediaType);
  return classOfManifest({ mediaType, artifactType, configMediaType: config?.mediaType, layerMediaTypes });
}

function readable(bytes: Uint8Array, mediaType: string): Manifest | undefined {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

async function readTagNames(tx: Queryable): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const rows: { name: Tag }[] = await tx.all(
      `select distinct name from tag where name > ? order by name limit ?`,
      [after, NAMES_PER_PAGE],
    );
    for (const { name } of rows) {
      await tx.run(`update tag set semver = ?, class = coalesce(?, class) where name = ?`, [
        semverKey(name),
        classOfTag(name) ?? null,
        name,
      ]);
    }
    after = rows.at(-1)?.name;
  }
}
