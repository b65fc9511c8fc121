import type {
  ConfigDetails,
  ManifestContent,
  ManifestFact,
  Origin,
  Transaction,
} from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { classOfManifest } from "../oci/artifact-class.ts";
import { digestOf, supportedAlgorithm, type Digest } from "../oci/digest.ts";
import { imageSize, parseManifest, type Manifest } from "../oci/manifest.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/name.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { Tag } from "../oci/tag.ts";
import { detailsIn, readDetails } from "./blobs.ts";
import type { Registry } from "./registry.ts";

type ManifestOf = { readonly repository: RepositoryName; readonly reference: Reference };

/** The manifest a tag or digest names (OCI end-3). `MANIFEST_UNKNOWN`, or `NAME_UNKNOWN` when there is no such repository. */
export async function getManifest(
  registry: Registry,
  { repository, reference }: ManifestOf,
): Promise<ManifestFact> {
  const manifest = await registry.catalog.findManifest(repository, reference);
  if (!manifest) throw await unknownManifest(registry, { repository, reference });
  return manifest;
}

export type ManifestPush = ManifestOf & {
  /** Further tags, of a push by digest (OCI end-7b). */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
};

/**
 * Puts a manifest into a repository and points its tags to it, in one step (OCI end-7). `DIGEST_INVALID` when the bytes
 * have another digest than the reference, `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN`.
 */
export async function putManifest(
  registry: Registry,
  push: ManifestPush,
  origin: Origin,
): Promise<{ readonly digest: Digest; readonly subject: Digest | undefined }> {
  const { repository, reference, bytes } = push;
  const digest = verifiedDigest(reference, bytes);
  const manifest = parseManifest(bytes, push.contentType);
  const content = contentOf(manifest, { digest, bytes });
  const tags = new Set([...push.tags, ...(reference.kind === "tag" ? [reference.tag] : [])]);

  const put = (details?: ConfigDetails): Promise<boolean> =>
    registry.catalog.write(repository, origin, async (tx) => {
      const present = await tx.blobsAmong(content.blobs.map((blob) => blob.digest));
      if (registry.options.missingBlobs === "refuse") requireBlobs(manifest, present);
      const config = content.config && present.has(content.config) ? content.config : undefined;
      const known = details ?? (config && (await detailsAtHand(tx, config)));
      if (config && !known) return false;
      await tx.putManifest(content, known);
      for (const tag of tags) await tx.setTag(tag, digest);
      return true;
    });
  // A config that the catalog does not have is read outside the write, which waits for nothing else.
  if (!(await put()) && content.config) await put(await readDetails(registry, content.config));
  return { digest, subject: content.subject };
}

/** Deletes a tag, or a manifest with all tags that point to it (OCI end-9). `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`. */
export async function deleteManifest(
  registry: Registry,
  { repository, reference }: ManifestOf,
  origin: Origin,
): Promise<void> {
  const deleted = await registry.catalog.write(repository, origin, (tx) =>
    reference.kind === "tag" ? tx.deleteTag(reference.tag) : tx.deleteManifest(reference.digest),
  );
  if (!deleted) throw await unknownManifest(registry, { repository, reference });
}

async function detailsAtHand(tx: Transaction, config: Digest): Promise<ConfigDetails | undefined> {
  const bytes = await tx.bytesOfBlob(config);
  return bytes && detailsIn(bytes);
}

/** The digest to store the bytes under: the one asked for, once verified; sha256 for a push by tag. */
function verifiedDigest(reference: Reference, bytes: Uint8Array): Digest {
  if (reference.kind === "tag") return digestOf(bytes);
  const algorithm = supportedAlgorithm(reference.digest);
  if (!algorithm) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `Manifests cannot be stored under ${reference.digest}: its algorithm is not supported. Use sha256 or sha512.`,
    );
  }
  const digest = digestOf(bytes, algorithm);
  if (digest === reference.digest) return digest;
  throw new RegistryError(
    "DIGEST_INVALID",
    `The manifest sent has the digest ${digest}, not ${reference.digest}. Send the bytes that the digest was made of.`,
    { detail: { expected: reference.digest, actual: digest } },
  );
}

function contentOf(
  manifest: Manifest,
  { digest, bytes }: { digest: Digest; bytes: Uint8Array },
): ManifestContent {
  const { artifactType, subject, config, layers, manifests, annotations, platforms, mediaType } = manifest;
  const isImageConfig = config && IMAGE_CONFIG_TYPES.has(config.mediaType);
  return {
    digest,
    bytes,
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    size: bytes.byteLength,
    imageSize: imageSize(manifest),
    ...(subject && { subject: subject.digest }),
    annotations,
    platforms,
    ...(isImageConfig && { config: config.digest }),
    class: classOfManifest({
      mediaType,
      artifactType,
      configMediaType: config?.mediaType,
      layerMediaTypes: layers.map((layer) => layer.mediaType),
    }),
    blobs: config ? [config, ...layers] : layers,
    children: manifests.map((child) => child.digest),
  };
}

/** Configs that have labels and a platform; those of other artifacts mean something else. */
const IMAGE_CONFIG_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig]);

/** `MANIFEST_BLOB_UNKNOWN` unless all blobs are there. Blobs with `urls` may live elsewhere (image-spec "Descriptors"). */
function requireBlobs(manifest: Manifest, present: ReadonlySet<Digest>): void {
  const named = [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
  const missing = named
    .filter((blob) => !blob.urls?.length && !present.has(blob.digest))
    .map((blob) => blob.digest);
  if (missing.length === 0) return;
  throw new RegistryError(
    "MANIFEST_BLOB_UNKNOWN",
    `The manifest names ${missing.length} blob(s) that its repository does not have, such as ${missing[0]}. Push them first.`,
    { detail: { missing: missing.slice(0, MISSING_SHOWN_MAX) } },
  );
}

/** Missing blobs listed in an error. */
const MISSING_SHOWN_MAX = 20;

async function unknownManifest(
  registry: Registry,
  { repository, reference }: ManifestOf,
): Promise<RegistryError> {
  if (!(await registry.catalog.hasRepository(repository))) return unknownRepository(repository);
  return new RegistryError(
    "MANIFEST_UNKNOWN",
    `Repository ${repository} has no manifest ${formatReference(reference)}.`,
    {
      detail: { repository, reference: formatReference(reference) },
    },
  );
}

/** The error for a repository that does not exist. */
export function unknownRepository(repository: RepositoryName): RegistryError {
  return new RegistryError("NAME_UNKNOWN", `There is no repository ${repository}. A first push creates it.`, {
    detail: { repository },
  });
}
