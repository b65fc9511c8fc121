import { digestOf, type Digest } from "../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { expectAnswer, type Received } from "./exchange.ts";

/** Bytes with their digest and media type, as a test pushes them. */
export type Artifact = { readonly bytes: Buffer; readonly digest: Digest; readonly mediaType: string };

/** A layer, whose content is the text. */
export function blobOf(text: string): Artifact {
  const bytes = Buffer.from(text);
  return { bytes, digest: digestOf(bytes), mediaType: MEDIA_TYPES.ociLayer };
}

/** An image manifest over an empty config, which need not be pushed. Equal fields give equal digests. */
export function manifestOf(fields: Readonly<Record<string, unknown>> = {}): Artifact {
  const config = descriptorOf({ ...blobOf("{}"), mediaType: MEDIA_TYPES.ociEmpty });
  const mediaType = MEDIA_TYPES.ociManifest;
  return artifactOf({ schemaVersion: 2, mediaType, config, layers: [], ...fields }, mediaType);
}

/** An index of manifests, which need not be pushed either. */
export function indexOf(
  manifests: readonly object[],
  fields: Readonly<Record<string, unknown>> = {},
): Artifact {
  const mediaType = MEDIA_TYPES.ociIndex;
  return artifactOf({ schemaVersion: 2, mediaType, manifests, ...fields }, mediaType);
}

export function descriptorOf({ bytes, digest, mediaType }: Artifact): {
  mediaType: string;
  digest: Digest;
  size: number;
} {
  return { mediaType, digest, size: bytes.byteLength };
}

/** Pushes a manifest to `<repository>:<tag>` or `<repository>@<digest>`. */
export function pushManifest(host: string, target: string, artifact: Artifact): Promise<Received> {
  const [, repository = "", mark, reference = ""] = /^([^:@]+)([:@])(.+)$/.exec(target) ?? [];
  if (mark === undefined) throw new Error(`${target} names no repository with a tag or digest`);
  return expectAnswer(host, `PUT /v2/${repository}/manifests/${reference}`, {
    send: { headers: { "Content-Type": artifact.mediaType }, body: artifact.bytes },
    status: 201,
  });
}

/** Pushes a blob by one request. */
export function pushBlob(host: string, repository: string, { bytes, digest }: Artifact): Promise<Received> {
  return expectAnswer(host, `POST /v2/${repository}/blobs/uploads/?digest=${digest}`, {
    send: { body: bytes },
    status: 201,
  });
}

/** Starts an upload and resolves with its location. */
export async function startUpload(host: string, repository: string, query = ""): Promise<string> {
  const { headers } = await expectAnswer(host, `POST /v2/${repository}/blobs/uploads/${query}`, {
    status: 202,
  });
  return headers.location ?? "";
}

function artifactOf(document: object, mediaType: string): Artifact {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, digest: digestOf(bytes), mediaType };
}
