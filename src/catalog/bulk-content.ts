import { formatPlatform } from "../oci/platform.ts";
import type { BulkRepository, Rows } from "./bulk.ts";
import { indexed, pairs } from "./content.ts";
import { marksOf } from "./marks.ts";

/** What the digests of manifests mean. Rows of a digest may come several times, and are the same each time. */
export function contentRows(manifests: BulkRepository["manifests"]): Rows {
  return {
    content: manifests.map(({ content, details }) => [
      content.digest,
      content.mediaType,
      content.artifactType ?? null,
      content.class,
      content.size,
      content.imageSize,
      content.subject ?? null,
      content.config ?? null,
      JSON.stringify(content.annotations),
      content.config && details ? JSON.stringify(details.labels) : null,
      (content.config && details?.imageCreated?.getTime()) ?? null,
      marksColumn({ content, ...(details && { details }) }),
      content.bytes,
    ]),
    content_blob: manifests.flatMap(({ content: { digest, blobs } }) =>
      Array.from(new Map(blobs.map((blob) => [blob.digest, blob.size])), ([blob, size]) => [
        digest,
        blob,
        size,
      ]),
    ),
    content_child: manifests.flatMap(({ content: { digest, children } }) => pairs(digest, children)),
    content_platform: manifests.flatMap((manifest) =>
      pairs(manifest.content.digest, platformNames(manifest)),
    ),
    content_annotation: manifests.flatMap(({ content: { digest, annotations } }) =>
      indexed(digest, annotations),
    ),
    content_label: manifests.flatMap(({ content: { digest, config }, details }) =>
      config && details ? indexed(digest, details.labels) : [],
    ),
  };
}

/** Platforms of a manifest, those its config says included, each once. */
function platformNames({ content, details }: BulkRepository["manifests"][number]): string[] {
  const { platforms, config } = content;
  const all = config && details?.platform ? [...platforms, details.platform] : platforms;
  return [...new Set(all.map(formatPlatform))];
}

/** The same as lists show them, from a column of their own. */
export function platformsColumn(manifest: BulkRepository["manifests"][number]): string {
  return platformNames(manifest).toSorted().join(" ");
}

/** What lists look for in it, in a column of its own. */
export function marksColumn(manifest: BulkRepository["manifests"][number]): number {
  const { content, details } = manifest;
  const labels = content.config && details ? details.labels : {};
  return marksOf({ annotations: content.annotations, labels, platforms: platformNames(manifest) });
}
