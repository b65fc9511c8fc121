import { classOfTag } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import { semverKey } from "../oci/semver.ts";
import type { BulkRepository, Rows } from "./bulk.ts";
import { marksColumn, platformsColumn } from "./bulk-content.ts";
import type { ConfigDetails, ManifestContent, Origin, Revision } from "./catalog.ts";
import type { Value } from "./engine.ts";
import { TAGS_IN_ROW_MAX, TEXT_IN_ROW_BYTES_MAX } from "./schema-in-row.ts";

/** What {@link shownOf} gives. */
export const SHOWN_COLUMNS = "platforms, marks, described, annotated, annotations, labels";

/** A repository, its revisions and its time in milliseconds since 1970. */
type Written = { readonly repository: BulkRepository; readonly first: Revision; readonly time: number };

/** Events and facts of a repository whose write takes the revisions from `first` on. */
export function factsOf(repository: BulkRepository, first: Revision, origin: Origin): Rows {
  const written = { repository, first, time: repository.time.getTime() };
  const uses = new Map<Digest, { size: number; uses: number }>();
  return {
    event: eventRows(written, origin),
    repository: versionsOf(written, uses),
    manifest: manifestRows(written),
    tag: tagRows(written),
    blob: (repository.blobs ?? []).map(({ digest, size }) => [repository.name, digest, size, written.time]),
    blob_use: Array.from(uses, ([blob, use]) => [repository.name, blob, use.size, use.uses]),
  };
}

function eventRows({ repository, first, time }: Written, { actor, requestId }: Origin): Value[][] {
  const { name, manifests, tags } = repository;
  let revision = first;
  const row = (type: string, tag: string | null, digest: Digest | null): Value[] => [
    revision++,
    time,
    type,
    name,
    tag,
    digest,
    actor,
    requestId,
    tag === null ? null : semverKey(tag),
    tag === null ? null : (classOfTag(tag) ?? null),
  ];
  return [
    row("repository.created", null, null),
    ...manifests.map(({ content }) => row("manifest.pushed", null, content.digest)),
    ...tags.map((tag) => row("tag.set", tag.name, tag.digest)),
  ];
}

/** The repository after each revision; and in `uses`, which blobs its manifests name, and how many of them do. */
function versionsOf(
  { repository, first, time }: Written,
  uses: Map<Digest, { size: number; uses: number }>,
): Value[][] {
  const { name, manifests, tags } = repository;
  const last = first + manifests.length + tags.length;
  let size = 0;
  return Array.from({ length: last - first + 1 }, (_, position) => {
    const since = first + position;
    const pushed = manifests[position - 1]?.content;
    if (pushed) size += pushed.size + useBlobs(uses, pushed);
    const manifestCount = Math.min(position, manifests.length);
    const until = since === last ? null : since + 1;
    return [name, since, until, first, time, time, position - manifestCount, manifestCount, size, 0];
  });
}

/** Gives the bytes of blobs that no manifest before has named. */
function useBlobs(uses: Map<Digest, { size: number; uses: number }>, { blobs }: ManifestContent): number {
  let bytes = 0;
  for (const [digest, size] of new Map(blobs.map((blob) => [blob.digest, blob.size]))) {
    const known = uses.get(digest);
    if (known) {
      known.uses++;
      continue;
    }
    uses.set(digest, { size, uses: 1 });
    bytes += size;
  }
  return bytes;
}

function manifestRows({ repository, first, time }: Written): Value[][] {
  const { name, manifests, tags } = repository;
  const tagged = new Map<Digest, { names: string[]; last: Revision }>();
  for (const [position, tag] of tags.entries()) {
    const names = tagged.get(tag.digest)?.names ?? [];
    names.push(tag.name);
    tagged.set(tag.digest, { names, last: first + 1 + manifests.length + position });
  }
  const described = describedIn(repository);
  return manifests.map((manifest, position) => {
    const { content } = manifest;
    const { digest, subject, size, imageSize, mediaType, artifactType } = content;
    const revision = first + 1 + position;
    const { names = [], last = revision } = tagged.get(digest) ?? {};
    return [
      name,
      digest,
      revision,
      subject ?? null,
      revision,
      time,
      size,
      imageSize,
      mediaType,
      artifactType ?? null,
      content.class,
      described(content)?.imageCreated?.getTime() ?? null,
      ...shownOf(manifest, described(content)),
      Number(names.length > 0),
      names.length > TAGS_IN_ROW_MAX ? null : names.join(" "),
      last,
      0,
    ];
  });
}

/** What the configs of a repository's manifests say. */
function describedIn({ manifests }: BulkRepository): (content: ManifestContent) => ConfigDetails | undefined {
  const known = new Map(
    manifests.flatMap(({ content: { config }, details }) => (config && details ? [[config, details]] : [])),
  );
  return ({ config }) => config && known.get(config);
}

/** {@link SHOWN_COLUMNS}, alike in the rows of a manifest and its tags. */
function shownOf(manifest: BulkRepository["manifests"][number], details: ConfigDetails | undefined): Value[] {
  const shown = [manifest.content.annotations, details?.labels ?? {}].map(inRow);
  return [
    platformsColumn(manifest),
    marksColumn(manifest),
    Number(details !== undefined),
    Math.max(...shown.map(({ annotated }) => annotated)),
    ...shown.map(({ text }) => text),
  ];
}

/** What the row of a manifest has of annotations or labels, and what `annotated` says of them. */
function inRow(entries: Readonly<Record<string, string>>): { annotated: number; text: string | null } {
  const text = JSON.stringify(entries);
  if (text === "{}") return { annotated: 0, text: null };
  return Buffer.byteLength(text) > TEXT_IN_ROW_BYTES_MAX
    ? { annotated: 2, text: null }
    : { annotated: 1, text };
}

function tagRows({ repository, first, time }: Written): Value[][] {
  const { name: repositoryName, manifests, tags } = repository;
  const described = describedIn(repository);
  const pushed = new Map(manifests.map((manifest) => [manifest.content.digest, manifest]));
  return tags.map(({ name, digest }, position) => {
    const manifest = pushed.get(digest);
    if (!manifest)
      throw new Error(`Tag ${name} cannot point to ${digest}, which is not in ${repositoryName}.`);
    const { content } = manifest;
    const revision = first + 1 + manifests.length + position;
    const artifactClass = classOfTag(name) ?? content.class;
    return [
      repositoryName,
      name,
      digest,
      revision,
      revision,
      time,
      time,
      content.size,
      content.imageSize,
      content.mediaType,
      content.artifactType ?? null,
      artifactClass,
      ...shownOf(manifest, described(content)),
      semverKey(name),
      0,
    ];
  });
}
