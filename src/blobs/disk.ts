import { close, constants, createReadStream, fstat, open } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { parseDigest, supportedAlgorithm } from "../oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";
import type { AppendOptions, BlobContent, Blobs, ByteRange, UploadStatus } from "./blobs.ts";
import { onDisk, unlessAbsent } from "./disk-errors.ts";
import { SHARDS, STORED_ALGORITHMS, blobPath, findFile, makeFolders } from "./disk-layout.ts";
import { removeFile, shardFolder, uploadsFolder } from "./disk-layout.ts";
import { DiskUploads } from "./disk-uploads.ts";

/** How much of a blob is read at once, in bytes. A reader that pauses keeps about twice that in memory. */
const READ_BYTES = 1024 * 1024;

const openFile = promisify(open);
const statFile = promisify(fstat);
const closeFile = promisify(close);

/**
 * Opens the blobs in `folder`, and makes the folder if there is none:
 * `blobs/<algorithm>/<first two digits>/<encoded>` for blobs, `uploads/<id>` for unfinished uploads, nothing else.
 * Both have to be on one file system.
 * @throws DATA_UNUSABLE if the folder cannot be made or written to
 */
export async function openDiskBlobs(folder: string): Promise<Blobs> {
  const root = resolve(folder);
  const prepare = async (): Promise<void> => {
    await makeFolders(root);
    await access(uploadsFolder(root), constants.R_OK | constants.W_OK | constants.X_OK);
  };
  await onDisk(`keep blobs in ${root}`, prepare, "DATA_UNUSABLE");
  return new DiskBlobs(root);
}

class DiskBlobs implements Blobs {
  readonly #folder: string;
  readonly #uploads: DiskUploads;

  constructor(folder: string) {
    this.#folder = folder;
    this.#uploads = new DiskUploads(folder);
  }

  async size(digest: Digest): Promise<number | undefined> {
    const path = this.#path(digest);
    if (path === undefined) return undefined;
    const found = await onDisk("look up a blob", () => findFile(path));
    return found?.size;
  }

  async read(digest: Digest, range?: ByteRange): Promise<BlobContent | undefined> {
    const path = this.#path(digest);
    if (path === undefined) return undefined;
    return onDisk("read a blob", () => readFile(path, range));
  }

  async remove(digest: Digest): Promise<boolean> {
    const path = this.#path(digest);
    if (path === undefined) return false;
    return onDisk("remove a blob", () => removeFile(path));
  }

  async *list(): AsyncGenerator<{ digest: Digest; size: number }> {
    for (const algorithm of STORED_ALGORITHMS) {
      for (const shard of SHARDS) yield* listShard(this.#folder, algorithm, shard);
    }
  }

  startUpload(id: string, algorithm: SupportedAlgorithm): Promise<void> {
    return this.#uploads.start(id, algorithm);
  }

  findUpload(id: string): Promise<UploadStatus | undefined> {
    return this.#uploads.find(id);
  }

  append(id: string, source: Readable, options: AppendOptions = {}): Promise<UploadStatus> {
    return this.#uploads.append(id, source, options);
  }

  finishUpload(id: string, digest: Digest): Promise<{ size: number }> {
    return this.#uploads.finish(id, digest);
  }

  cancelUpload(id: string): Promise<boolean> {
    return this.#uploads.cancel(id);
  }

  listUploads(): AsyncIterable<{ id: string; size: number; changed: Date }> {
    return this.#uploads.list();
  }

  /** Nothing stays open between two calls. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #path(digest: Digest): string | undefined {
    const algorithm = supportedAlgorithm(digest);
    return algorithm && blobPath(this.#folder, digest, algorithm);
  }
}

/**
 * Opens first and asks then, so that a blob removed meanwhile is read to its end. The stream closes the file. By number
 * instead of a FileHandle, whose streams were about a third slower.
 */
async function readFile(path: string, range: ByteRange | undefined): Promise<BlobContent | undefined> {
  const { O_RDONLY, O_NOFOLLOW } = constants;
  const fd = await unlessAbsent(dirname(path), () => openFile(path, O_RDONLY | O_NOFOLLOW));
  if (fd === undefined) return undefined;
  try {
    const { size } = await statFile(fd);
    const { first, last } = range ?? { first: 0, last: size - 1 };
    const end = size === 0 ? {} : { end: last };
    return { size, stream: createReadStream(path, { fd, start: first, ...end, highWaterMark: READ_BYTES }) };
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

/** The blobs of one shard. Whatever else lies there is not ours, and a blob that goes meanwhile is left out. */
async function* listShard(
  folder: string,
  algorithm: SupportedAlgorithm,
  shard: string,
): AsyncGenerator<{ digest: Digest; size: number }> {
  const parent = shardFolder(folder, algorithm, shard);
  const names = await onDisk("list the blobs", () => readdir(parent));
  for (const name of names) {
    const digest = digestNamed(algorithm, name);
    if (digest === undefined || !name.startsWith(shard)) continue;
    const found = await onDisk("list the blobs", () => findFile(join(parent, name)));
    if (found !== undefined) yield { digest, size: found.size };
  }
}

/** The digest that a file is named after, if it is. */
function digestNamed(algorithm: SupportedAlgorithm, name: string): Digest | undefined {
  try {
    return parseDigest(`${algorithm}:${name}`);
  } catch {
    return undefined;
  }
}
