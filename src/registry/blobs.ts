import type { BlobContent, ByteRange } from "../blobs/blobs.ts";
import type { BlobMember, ConfigDetails, Origin } from "../catalog/catalog.ts";
import type { View } from "../oci/view.ts";
import { RegistryError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { readImageConfig } from "../oci/image-config.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Registry } from "./registry.ts";

/** Largest config blob that is read for labels, in bytes: what a manifest may have. */
const CONFIG_BYTES_MAX = 4 * 1024 * 1024;
/** Repositories looked at for a blob whose origin the client does not name. */
const MOUNT_CANDIDATES_MAX = 1;

/**
 * A blob of up to so many bytes is kept in the catalog and not in the store of blobs: configs, signatures and the like, of
 * which every push has one. As a file each would cost two flushes of the disk beside the catalog's own.
 */
export const SMALL_BLOB_BYTES_MAX = 4 * 1024;

type BlobOf = { readonly repository: RepositoryName; readonly digest: Digest };

/** Size of a blob in bytes; `BLOB_UNKNOWN` when the repository has none by that digest. */
export async function getBlobSize(registry: Registry, { repository, digest }: BlobOf): Promise<number> {
  const size = await sizeOf(registry, digest, await registry.catalog.findBlob(repository, digest));
  if (size === undefined) throw unknownBlob(repository, digest);
  return size;
}

/** A blob's bytes, or those of a range, which the caller disposes of. `BLOB_UNKNOWN`. */
export async function readBlob(
  registry: Registry,
  { repository, digest }: BlobOf,
  range?: ByteRange,
): Promise<BlobContent> {
  const member = await registry.catalog.findBlob(repository, digest);
  const content = member?.bytes
    ? contentInMemory(member.bytes, range)
    : member && (await registry.blobs.read(digest, range));
  if (!content) throw unknownBlob(repository, digest);
  return content;
}

/** Takes a blob out of a repository; other repositories keep it. `BLOB_UNKNOWN`. */
export async function deleteBlob(
  registry: Registry,
  { repository, digest }: BlobOf,
  origin: Origin,
): Promise<void> {
  const removed = await registry.catalog.write(repository, origin, (tx) => tx.removeBlob(digest));
  if (!removed) throw unknownBlob(repository, digest);
}

/**
 * Makes a blob of another repository one of this repository, without moving a byte (OCI end-11): of the one that is named,
 * or of any that a view shows, or of any at all. False when there is none that has it: the client then uploads.
 */
export async function mountBlob(
  registry: Registry,
  { repository, digest, from }: BlobOf & { readonly from: RepositoryName | View | undefined },
  origin: Origin,
): Promise<boolean> {
  const source =
    typeof from === "string"
      ? from
      : (await registry.catalog.repositoriesWithBlob(digest, MOUNT_CANDIDATES_MAX, from))[0];
  const member = source && (await registry.catalog.findBlob(source, digest));
  const size = await sizeOf(registry, digest, member);
  if (size === undefined) return false;
  await addBlob(registry, { repository, digest, size, bytes: member?.bytes }, origin);
  return true;
}

/**
 * Makes a blob a member of a repository, and notes what it says if manifests have been waiting for it. It is stored, or
 * comes with its bytes.
 */
export async function addBlob(
  registry: Registry,
  { repository, digest, size, bytes }: BlobOf & BlobMember,
  origin: Origin,
): Promise<void> {
  const add = (details?: ConfigDetails): Promise<boolean> =>
    registry.catalog.write(repository, origin, async (tx) => {
      if (await tx.awaitsConfig(digest)) {
        const known = bytes ? detailsIn(bytes) : details;
        if (!known) return false;
        await tx.describe(digest, known);
      }
      await tx.addBlob(digest, size, bytes);
      return true;
    });
  if (!(await add())) await add(await readDetails(registry, digest));
}

/** What a stored config blob says. One that is absurdly large or says nothing readable has no labels. */
export async function readDetails(registry: Registry, config: Digest): Promise<ConfigDetails> {
  await using content = await registry.blobs.read(config);
  if (!content || content.size > CONFIG_BYTES_MAX) return { labels: {} };
  return detailsIn(await collect(content.chunks));
}

/** What the bytes of a config say. */
export function detailsIn(config: Uint8Array): ConfigDetails {
  const { created, labels = {}, platform } = readImageConfig(config) ?? {};
  return { labels, ...(created && { imageCreated: created }), ...(platform && { platform }) };
}

/** Of a member. Asking the store as well lets a client push again what the disk has lost. */
async function sizeOf(
  registry: Registry,
  digest: Digest,
  member: BlobMember | undefined,
): Promise<number | undefined> {
  return member?.bytes ? member.size : member && registry.blobs.size(digest);
}

function contentInMemory(bytes: Uint8Array, range: ByteRange | undefined): BlobContent {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield range ? bytes.subarray(range.first, range.last + 1) : bytes;
  }
  return { size: bytes.byteLength, chunks: chunks(), async [Symbol.asyncDispose]() {} };
}

function unknownBlob(repository: RepositoryName, digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", `Repository ${repository} has no blob ${digest}. Push it first.`, {
    detail: { repository, digest },
  });
}

/** All of a small content in one piece. */
async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}
