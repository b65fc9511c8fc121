import { createHash } from "node:crypto";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPES } from "../../oci/media-type.ts";

/** Bytes, and the descriptor by which others name them. */
export type Content = { readonly bytes: Uint8Array; readonly descriptor: Descriptor };

/** A manifest with all that it names: enough to push it whole. */
export type Artifact = {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
  /** The manifests that an index lists. */
  readonly parts: readonly Artifact[];
};

/** These bytes as content of a media type. */
export function contentOf(mediaType: string, bytes: Uint8Array): Content {
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } };
}

/** This document as content of a media type, in JSON. */
export function documentOf(mediaType: string, document: object): Content {
  return contentOf(mediaType, Buffer.from(JSON.stringify(document)));
}

/** The config of artifacts that have none: image-spec "Guidance for an Empty Descriptor". */
export const EMPTY_CONFIG = documentOf(MEDIA_TYPES.ociEmpty, {});

/** An artifact in the form of an image manifest: a config, and content in layers. */
export function artifactOf(parts: {
  readonly config: Content;
  readonly layers: readonly Content[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}): Artifact {
  const { config, layers, artifactType, subject, annotations } = parts;
  const mediaType = MEDIA_TYPES.ociManifest;
  const manifest = documentOf(mediaType, {
    schemaVersion: 2,
    mediaType,
    artifactType,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
    subject: subject && bare(subject),
    annotations,
  });
  return { manifest, blobs: [config, ...layers], parts: [] };
}

/** An index of these artifacts, in their order. */
export function indexOf(parts: readonly Artifact[], annotations: Readonly<Record<string, string>>): Artifact {
  const mediaType = MEDIA_TYPES.ociIndex;
  const manifests = parts.map(({ manifest }) => manifest.descriptor);
  const manifest = documentOf(mediaType, { schemaVersion: 2, mediaType, manifests, annotations });
  return { manifest, blobs: [], parts };
}

/** The same artifact, described by more than its digest in the index that lists it. */
export function described(artifact: Artifact, more: Partial<Descriptor>): Artifact {
  const { bytes, descriptor } = artifact.manifest;
  return { ...artifact, manifest: { bytes, descriptor: { ...descriptor, ...more } } };
}

/** The seed's own bytes: they look random, do not compress, and are the same on every run. */
export function bytesFrom(seed: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

/** The seed's own number from `least` to below `limit`. */
export function numberFrom(seed: string, [least, limit]: readonly [number, number]): number {
  return least + (bytesFrom(seed, 4).readUInt32BE() % (limit - least));
}

function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
