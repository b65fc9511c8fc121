import { hash, randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { UploadStatus } from "../blobs/blobs.ts";
import type { Origin } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { requireDigest, supportedAlgorithm, type Digest, type SupportedAlgorithm } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import { addBlob, SMALL_BLOB_BYTES_MAX } from "./blobs.ts";
import { readWhole } from "./read-whole.ts";
import type { Registry } from "./registry.ts";

/** Hex digits of the repository's digest in a stored upload's id. */
const OWNER_DIGITS = 16;

/** One upload of one repository. The id is a UUID of ours; any other text names no upload. */
export type UploadOf = { readonly repository: RepositoryName; readonly id: string };

/** Begins an upload and resolves with its id (OCI end-4a, end-4c). */
export async function startUpload(
  registry: Registry,
  repository: RepositoryName,
  algorithm: SupportedAlgorithm,
): Promise<string> {
  const id = randomUUID();
  await registry.blobs.startUpload(storedId({ repository, id }), algorithm);
  return id;
}

/** How far an upload is (OCI end-13). `BLOB_UPLOAD_UNKNOWN`. */
export async function getUpload(registry: Registry, upload: UploadOf): Promise<UploadStatus> {
  const status = await registry.blobs.findUpload(storedId(upload));
  if (!status) throw unknownUpload(upload);
  return status;
}

/**
 * Adds bytes to an upload (OCI end-5), and uses the chunks of its source up.
 * `BLOB_UPLOAD_UNKNOWN`, `RANGE_INVALID`, `BLOB_UPLOAD_INVALID`, `SIZE_EXCEEDED`, `STORAGE_FULL`.
 */
export function appendUpload(
  registry: Registry,
  upload: UploadOf,
  { source, offset }: Omit<Chunk, "length">,
): Promise<UploadStatus> {
  const limit = registry.options.blobBytesMax;
  return registry.blobs.append(storedId(upload), source, { offset, limit, owned: true });
}

/**
 * Ends an upload, with its last chunk if there is one: its bytes become the blob `digest` of the repository (OCI end-6).
 * As for adding bytes; `DIGEST_INVALID` when they have another digest; the upload is gone then, as its bytes are of no use.
 */
export async function finishUpload(
  registry: Registry,
  upload: UploadOf,
  { digest, last, origin }: Finish,
): Promise<void> {
  const { blobs } = registry;
  const { repository } = upload;
  const id = storedId(upload);
  try {
    const isWhole = last && isSmall(registry, last) && (await getUpload(registry, upload)).size === 0;
    if (last && !isWhole) await appendUpload(registry, upload, last);
    const bytes = isWhole
      ? await readSmall(last.source, digest)
      : await blobs.readUpload(id, digest, SMALL_BLOB_BYTES_MAX);
    const size = bytes ? bytes.byteLength : (await blobs.finishUpload(id, digest)).size;
    await addBlob(registry, { repository, digest, size, bytes }, origin);
    if (bytes) await blobs.cancelUpload(id);
  } catch (error) {
    if (error instanceof RegistryError && error.code === "DIGEST_INVALID") await blobs.cancelUpload(id);
    throw error;
  }
}

/** Stores a blob that comes as a whole (OCI end-4b). As for the parts it is made of; nothing of it stays when it fails. */
export async function uploadBlob(
  registry: Registry,
  { repository, digest, ...whole }: WholeBlob,
  origin: Origin,
): Promise<void> {
  if (isSmall(registry, { ...whole, offset: 0 })) {
    const bytes = await readSmall(whole.source, digest);
    return addBlob(registry, { repository, digest, size: bytes.byteLength, bytes }, origin);
  }
  const algorithm = supportedAlgorithm(digest) ?? "sha256";
  const upload = { repository, id: await startUpload(registry, repository, algorithm) };
  try {
    await finishUpload(registry, upload, { digest, last: { ...whole, offset: 0 }, origin });
  } catch (error) {
    // Nobody else knows of this upload, so nobody could go on with it.
    await registry.blobs.cancelUpload(storedId(upload));
    throw error;
  }
}

/** True of the whole of a blob that is to be kept in the catalog: its bytes need not be stored on the way there. */
function isSmall(registry: Registry, { offset = 0, length = Infinity }: Chunk): boolean {
  const { blobBytesMax = Infinity } = registry.options;
  return offset === 0 && length <= Math.min(SMALL_BLOB_BYTES_MAX, blobBytesMax);
}

/** `DIGEST_INVALID`. */
async function readSmall(source: Readable, digest: Digest): Promise<Uint8Array> {
  const bytes = await readWhole(source, SMALL_BLOB_BYTES_MAX);
  requireDigest(bytes, digest);
  return bytes;
}

/** A piece of an upload. */
export type Chunk = {
  readonly source: Readable;
  /** Where the client believes it goes, in bytes. */
  readonly offset: number | undefined;
  /** In bytes, if the client says so. */
  readonly length: number | undefined;
};

type WholeBlob = Omit<Chunk, "offset"> & { readonly repository: RepositoryName; readonly digest: Digest };

type Finish = { readonly digest: Digest; readonly last?: Chunk | undefined; readonly origin: Origin };

/** Drops an upload (OCI end-14). `BLOB_UPLOAD_UNKNOWN`. */
export async function cancelUpload(registry: Registry, upload: UploadOf): Promise<void> {
  if (!(await registry.blobs.cancelUpload(storedId(upload)))) throw unknownUpload(upload);
}

/** Drops uploads that nobody has added to since `before`; resolves with how many. */
export async function expireUploads(registry: Registry, before: Date): Promise<number> {
  let expired = 0;
  for await (const { id, changed } of registry.blobs.listUploads()) {
    if (changed >= before) break;
    if (await cancelIdle(registry, id)) expired++;
  }
  return expired;
}

/** False when it is gone already, or when a client has come back to it at this very moment: it stays then. */
function cancelIdle(registry: Registry, id: string): Promise<boolean> {
  return registry.blobs.cancelUpload(id).catch((error: unknown) => {
    if (error instanceof RegistryError && error.code === "BLOB_UPLOAD_INVALID") return false;
    throw error;
  });
}

/** An upload is stored under its id and its repository, so that one repository's id opens nothing in another. */
function storedId({ repository, id }: UploadOf): string {
  if (!UUID.test(id)) throw unknownUpload({ repository, id });
  return `${id}.${hash("sha256", repository, "hex").slice(0, OWNER_DIGITS)}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function unknownUpload({ repository, id }: UploadOf): RegistryError {
  return new RegistryError(
    "BLOB_UPLOAD_UNKNOWN",
    `Repository ${repository} has no unfinished upload ${id.slice(0, 64)}. It may have ended or expired; start a new one.`,
  );
}
