import type { UploadStatus } from "../blobs/blobs.ts";
import { RegistryError } from "../errors.ts";
import { digestParts, parseAlgorithm, parseDigest, type Digest } from "../oci/digest.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { mountBlob } from "../registry/blobs.ts";
import * as uploads from "../registry/uploads.ts";
import type { Chunk, UploadOf } from "../registry/uploads.ts";
import { failure } from "./answer.ts";
import { param, repositoryOf, type Answer, type Call } from "./call.ts";
import { parseContentRange } from "./range.ts";

/** OCI end-4a, end-4b (`digest=`), end-4c (`digest-algorithm=`) and end-11 (`mount=`). */
export async function postUpload(call: Call): Promise<Answer> {
  const { registry, query, request, origin } = call;
  const repository = repositoryOf(call);
  const wanted = query.get("mount");
  if (wanted) {
    const digest = parseDigest(wanted);
    if (await mount(call, digest)) return created(repository, digest);
  }
  const whole = wanted ? null : query.get("digest");
  if (whole) {
    const digest = verifiableDigest(whole);
    const blob = { repository, digest, source: request, length: lengthOf(call) };
    await uploads.uploadBlob(registry, blob, origin);
    return created(repository, digest);
  }
  const algorithm = parseAlgorithm(query.get("digest-algorithm") || "sha256");
  const id = await uploads.startUpload(registry, repository, algorithm);
  return accepted({ repository, id }, { size: 0 });
}

/** OCI end-13. */
export async function getUpload(call: Call): Promise<Answer> {
  const upload = uploadOf(call);
  return { ...accepted(upload, await uploads.getUpload(call.registry, upload)), status: 204 };
}

/** OCI end-5: a chunk with `Content-Range`, or a stream without. */
export async function patchUpload(call: Call): Promise<Answer> {
  const upload = uploadOf(call);
  return atOffset(call, upload, async (chunk) =>
    accepted(upload, await uploads.appendUpload(call.registry, upload, chunk)),
  );
}

/** OCI end-6, with the last chunk or the whole blob as its body, or none. */
export async function putUpload(call: Call): Promise<Answer> {
  const { registry, query, origin } = call;
  const upload = uploadOf(call);
  const digest = verifiableDigest(query.get("digest") ?? "");
  return atOffset(call, upload, async (chunk) => {
    const last = hasBody(call) ? chunk : undefined;
    await uploads.finishUpload(registry, upload, { digest, last, origin });
    return created(upload.repository, digest);
  });
}

/** OCI end-14. */
export async function deleteUpload(call: Call): Promise<Answer> {
  await uploads.cancelUpload(call.registry, uploadOf(call));
  return { status: 204 };
}

/** False when the blob cannot be mounted, for whatever reason: the client then uploads it (R29). */
async function mount(call: Call, digest: Digest): Promise<boolean> {
  const repository = repositoryOf(call);
  const named = call.query.get("from");
  try {
    const from = named ? parseName(named) : undefined;
    if (from && !call.rights.may("pull", from)) return false;
    // Without a name any repository would do from which they may pull.
    const view = call.rights.view("pull");
    return await mountBlob(call.registry, { repository, digest, from: from ?? view }, call.origin);
  } catch (error) {
    if (error instanceof RegistryError && error.code === "NAME_INVALID") return false;
    throw error;
  }
}

/** A digest that bytes can be checked against, found out before they are sent. `DIGEST_INVALID`. */
function verifiableDigest(text: string): Digest {
  const digest = parseDigest(text);
  parseAlgorithm(digestParts(digest).algorithm);
  return digest;
}

/** Runs `add` for the chunk that the request brings. Out of order is 416 with what is needed to go on (R27). */
async function atOffset(
  call: Call,
  upload: UploadOf,
  add: (chunk: Chunk) => Promise<Answer>,
): Promise<Answer> {
  const { request, registry, origin } = call;
  try {
    const range = parseContentRange(request.headers["content-range"]);
    const length = lengthOf(call);
    if (range && length !== undefined && length !== range.length) {
      throw new RegistryError(
        "SIZE_INVALID",
        `Content-Range speaks of ${range.length} bytes, Content-Length of ${length}. They must agree.`,
      );
    }
    return await add({ source: request, offset: range?.offset, length });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "RANGE_INVALID") throw error;
    const { headers } = accepted(upload, await uploads.getUpload(registry, upload));
    return failure(error, origin.requestId, headers);
  }
}

function hasBody(call: Call): boolean {
  return call.request.headers["transfer-encoding"] !== undefined || (lengthOf(call) ?? 0) > 0;
}

/** Bytes of the body, if the client says so. Node has seen to it that this is a number, and that so many come. */
function lengthOf({ request }: Call): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

function uploadOf(call: Call): UploadOf {
  return { repository: repositoryOf(call), id: param(call, "id") };
}

/** Where an upload goes on, and how far it is (R25, R27). Path-absolute, so that it holds behind any proxy (R26). */
function accepted({ repository, id }: UploadOf, { size }: UploadStatus): Answer {
  return {
    status: 202,
    headers: {
      Location: `/v2/${repository}/blobs/uploads/${id}`,
      Range: `0-${Math.max(0, size - 1)}`,
      "Docker-Upload-UUID": id,
    },
  };
}

function created(repository: RepositoryName, digest: Digest): Answer {
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest}`, "Docker-Content-Digest": digest },
  };
}
