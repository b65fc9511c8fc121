import { close, constants, fstat, open } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { parseDigest, supportedAlgorithm } from "../oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";
import type { AppendOptions, BlobContent, Blobs, ByteRange, StoredBlob, StrayFile } from "./blobs.ts";
import type { UnfinishedUpload, UploadStatus } from "./blobs.ts";
import { listStray, removeStray, setAside } from "./disk-care.ts";
import { onDisk, unlessAbsent } from "./disk-errors.ts";
import * as layout from "./disk-layout.ts";
import { DiskUploads } from "./disk-uploads.ts";
import { FileContent } from "./file-content.ts";

const openFile = promisify(open);
const statFile = promisify(fstat);
const closeFile = promisify(close);

/**
 * Opens the blobs in `folder`, and makes the folder if there is none:
 * `blobs/<algorithm>/<first two digits>/<encoded>` for blobs, `uploads/<id>` for unfinished uploads, nothing else.
 * Both have to be on one file system. Unless it `isShared`, no other process may go on with its uploads: one without bytes is
 * kept in memory then, and becomes a file with the first of them, or when the store is disposed of.
 * @throws DATA_UNUSABLE if the folder cannot be made or written to
 */
export async function openDiskBlobs(folder: string, { isShared = true } = {}): Promise<Blobs> {
  const root = resolve(folder);
  const prepare = async (): Promise<void> => {
    await layout.makeFolders(root);
    await access(layout.uploadsFolder(root), constants.R_OK | constants.W_OK | constants.X_OK);
  };
  await onDisk(`keep blobs in ${root}`, prepare, "DATA_UNUSABLE");
  return new DiskBlobs(root, { isShared });
}

/**
 * Opens the blobs that are in `folder` already, and makes nothing. For those who only read, and may not write there.
 * @throws DATA_UNUSABLE if there are none, such as when a disk is not mounted
 */
export async function openExistingDiskBlobs(folder: string): Promise<Blobs> {
  const root = resolve(folder);
  await layout.requireFolders(root);
  return new DiskBlobs(root, { isShared: true });
}

class DiskBlobs implements Blobs {
  readonly #root: string;
  readonly #folder: string;
  readonly #uploads: DiskUploads;

  constructor(root: string, sharing: { readonly isShared: boolean }) {
    this.#root = root;
    this.#folder = layout.blobsFolder(root);
    this.#uploads = new DiskUploads(root, sharing);
  }

  async size(digest: Digest): Promise<number | undefined> {
    const found = await this.#find(digest);
    return found?.size;
  }

  async read(digest: Digest, range?: ByteRange): Promise<BlobContent | undefined> {
    const path = this.#path(digest);
    if (path === undefined) return undefined;
    return onDisk("read a blob", async () => {
      const fd = await unlessAbsent(this.#folder, () =>
        openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW),
      );
      return fd === undefined ? undefined : contentOf(fd, range);
    });
  }

  async remove(digest: Digest): Promise<boolean> {
    const path = this.#path(digest);
    if (path === undefined) return false;
    return onDisk("remove a blob", () => layout.removeFile(path, this.#folder));
  }

  setAside(digest: Digest): Promise<boolean> {
    return onDisk("set a blob aside", () => setAside(this.#root, digest));
  }

  listStray(): AsyncIterable<StrayFile> {
    return listStray(this.#root);
  }

  removeStray(file: string): Promise<boolean> {
    return onDisk("remove a stray file", () => removeStray(this.#root, file));
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const algorithm of layout.STORED_ALGORITHMS) {
      const folder = join(this.#folder, algorithm);
      const shards = await onDisk("list the blobs", () => readdir(folder, { withFileTypes: true }));
      for (const shard of shards) if (shard.isDirectory()) yield* this.#listShard(algorithm, shard.name);
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

  readUpload(id: string, digest: Digest, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.#uploads.read(id, digest, bytesMax);
  }

  finishUpload(id: string, digest: Digest): Promise<{ size: number }> {
    return this.#uploads.finish(id, digest);
  }

  cancelUpload(id: string): Promise<boolean> {
    return this.#uploads.cancel(id);
  }

  listUploads(): AsyncIterable<UnfinishedUpload> {
    return this.#uploads.list();
  }

  /** No file stays open between two calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#uploads[Symbol.asyncDispose]();
  }

  #path(digest: Digest): string | undefined {
    const algorithm = supportedAlgorithm(digest);
    return algorithm && layout.blobPath(this.#root, digest, algorithm);
  }

  async #find(digest: Digest): Promise<layout.FoundFile | undefined> {
    const path = this.#path(digest);
    if (path === undefined) return undefined;
    return onDisk("look up a blob", () => layout.findFile(path, this.#folder));
  }

  /** The blobs of one shard. Whatever else lies there is not ours, and a blob that goes meanwhile is left out. */
  async *#listShard(algorithm: SupportedAlgorithm, shard: string): AsyncGenerator<StoredBlob> {
    const names = await onDisk("list the blobs", () => readdir(join(this.#folder, algorithm, shard)));
    for (const name of names) {
      const digest = name.slice(0, 2) === shard ? digestNamed(algorithm, name) : undefined;
      const found = digest && (await this.#find(digest));
      if (digest !== undefined && found !== undefined) yield { digest, ...found };
    }
  }
}

/** The bytes of an open blob: one removed by now is read to its end. */
async function contentOf(fd: number, range: ByteRange | undefined): Promise<BlobContent> {
  try {
    const { size } = await statFile(fd);
    return new FileContent(fd, size, range);
  } catch (error) {
    await closeFile(fd);
    throw error;
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
