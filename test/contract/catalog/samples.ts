import type { Catalog, ManifestContent, Origin } from "../../../src/catalog/catalog.ts";
import { digestOf, type Digest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../../src/oci/media-type.ts";
import { parseName, type RepositoryName } from "../../../src/oci/name.ts";
import { parseTag, type Tag } from "../../../src/oci/tag.ts";

export const ORIGIN: Origin = { actor: "ada", requestId: "request-1" };
export const APP: RepositoryName = parseName("team/app");
export const OTHER: RepositoryName = parseName("team/other");
export const V1: Tag = parseTag("v1");
export const V2: Tag = parseTag("v2");

/** The digest of a blob that is told from others by its seed. */
export function blob(seed: string): Digest {
  return digestOf(Buffer.from(`blob ${seed}`));
}

/** A manifest that is told from others by its seed. */
export function manifest(seed: string, parts: Partial<ManifestContent> = {}): ManifestContent {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, seed }));
  return {
    digest: digestOf(bytes),
    bytes,
    mediaType: MEDIA_TYPES.ociManifest,
    size: bytes.byteLength,
    imageSize: 1_000,
    annotations: {},
    platforms: [],
    class: "image",
    blobs: [{ digest: blob(seed), size: 100 }],
    children: [],
    ...parts,
  };
}

/** Puts a manifest into a repository and points tags to it, in one write. */
export async function push(
  catalog: Catalog,
  {
    repository = APP,
    content,
    tags = [],
  }: { repository?: RepositoryName; content: ManifestContent; tags?: Tag[] },
): Promise<void> {
  await catalog.write(repository, ORIGIN, async (tx) => {
    await tx.putManifest(content);
    for (const tag of tags) await tx.setTag(tag, content.digest);
  });
}

/** What a manifest is asked for by. */
export function byDigest(digest: Digest): { kind: "digest"; digest: Digest } {
  return { kind: "digest", digest };
}

/** What a tag is asked for by. */
export function byTag(tag: Tag): { kind: "tag"; tag: Tag } {
  return { kind: "tag", tag };
}
