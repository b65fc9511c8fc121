import type { ByteRange } from "../blobs/blobs.ts";
import { parseDigest, type Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import * as blobs from "../registry/blobs.ts";
import { failure } from "./answer.ts";
import { param, repositoryOf, type Answer, type Call } from "./call.ts";
import { etagOf, isFresh, notModified } from "./conditions.ts";
import { parseRange } from "./range.ts";

/** A digest never means other bytes, so a client may keep them for good. */
const FOREVER = "max-age=31536000, immutable";

/** OCI end-2, with ranges (RFC 9110). */
export async function getBlob(call: Call): Promise<Answer> {
  const blob = blobOf(call);
  const size = await blobs.getBlobSize(call.registry, blob);
  const headers = {
    "Docker-Content-Digest": blob.digest,
    ETag: etagOf(blob.digest),
    "Accept-Ranges": "bytes",
    // What is not for everybody must not be handed on by a proxy.
    "Cache-Control": `${call.rights.isGuarded ? "private" : "public"}, ${FOREVER}`,
  };
  if (isFresh(call.request, headers.ETag)) return notModified(headers);
  const type = { "Content-Type": "application/octet-stream" };
  if (call.request.method === "HEAD")
    return { status: 200, headers: { ...headers, ...type, "Content-Length": size } };
  let range: ByteRange | undefined;
  try {
    range = parseRange(wantedRange(call, headers.ETag), size);
  } catch (error) {
    return failure(error, call.origin.requestId, { "Content-Range": `bytes */${size}` });
  }
  const body = await blobs.readBlob(call.registry, blob, range);
  if (!range) return { status: 200, headers: { ...headers, ...type, "Content-Length": size }, body };
  const part = {
    "Content-Range": `bytes ${range.first}-${range.last}/${size}`,
    "Content-Length": range.last - range.first + 1,
  };
  return { status: 206, headers: { ...headers, ...type, ...part }, body };
}

/** OCI end-10. */
export async function deleteBlob(call: Call): Promise<Answer> {
  await blobs.deleteBlob(call.registry, blobOf(call), call.origin);
  return { status: 202 };
}

/** The Range header, unless the client wants it only for another version of the blob than this (If-Range). */
function wantedRange({ request }: Call, etag: string): string | undefined {
  const condition = request.headers["if-range"];
  return condition === undefined || condition === etag ? request.headers.range : undefined;
}

function blobOf(call: Call): { repository: RepositoryName; digest: Digest } {
  return { repository: repositoryOf(call), digest: parseDigest(param(call, "digest")) };
}
