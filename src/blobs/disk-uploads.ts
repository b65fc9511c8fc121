import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { Stats } from "node:fs";
import { constants, lstatSync, renameSync, unlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { RegistryError } from "../errors.ts";
import { digestParts, otherDigest, parseAlgorithm, requireDigest } from "../oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";
import { shown } from "../oci/shown.ts";
import type { AppendOptions, UnfinishedUpload, UploadStatus } from "./blobs.ts";
import { onDisk, unlessAbsent } from "./disk-errors.ts";
import {
  blobPath,
  createFile,
  findFile,
  makeFolder,
  removeFile,
  syncFolder,
  uploadsFolder,
} from "./disk-layout.ts";
import { FileTail } from "./file-tail.ts";
import { OpenFile } from "./open-file.ts";
import { RunningDigests } from "./running-digests.ts";

/** What an upload's id may be: the name of a file, and of no other folder. */
export const UPLOAD_ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** How much of an upload is read at once when it has to be read again, in bytes. */
const REREAD_BYTES = 1024 * 1024;

/** Uploads without bytes that are kept in memory, some 200 bytes each; further ones are files at once. */
const EMPTY_MAX = 10_000;

type Placing = { readonly file: OpenFile; readonly size: number; readonly path: string };

/** The uploads of a store on disk, each a file by the name of its id; the methods are those of `Blobs`. */
export class DiskUploads {
  readonly #root: string;
  readonly #folder: string;
  readonly #digests = new RunningDigests();
  /** The shards known to be there durably. */
  readonly #shards = new Set<string>();
  readonly #busy = new Set<string>();
  /**
   * When those were started to which nothing was added yet. They become files with their first bytes: most get them at once
   * and as a whole, and to make a file and remove it again took a tenth of a small push.
   */
  readonly #empty = new Map<string, Date>();
  readonly #emptyMax: number;

  /** `root` is the folder of the whole store; whether it `isShared`, other processes go on with its uploads. */
  constructor(root: string, { isShared }: { readonly isShared: boolean }) {
    this.#root = root;
    this.#folder = uploadsFolder(root);
    this.#emptyMax = isShared ? 0 : EMPTY_MAX;
  }

  async start(id: string, algorithm: SupportedAlgorithm): Promise<void> {
    if (!UPLOAD_ID.test(id)) throw unusable(id, "cannot be one");
    if (this.#empty.has(id) || statOf(join(this.#folder, id))) throw unusable(id, "is in use");
    if (this.#empty.size < this.#emptyMax) this.#empty.set(id, new Date());
    else await this.#make(id);
    this.#digests.keep(id, { algorithm, hash: undefined, size: 0 });
  }

  async find(id: string): Promise<UploadStatus | undefined> {
    if (!UPLOAD_ID.test(id)) return undefined;
    if (this.#empty.has(id)) return { size: 0 };
    const stats = await onDisk("look up an upload", () =>
      unlessAbsent(this.#folder, async () => lstatSync(join(this.#folder, id))),
    );
    return stats?.isFile() ? { size: stats.size } : undefined;
  }

  async append(id: string, source: Readable, options: AppendOptions): Promise<UploadStatus> {
    const { offset, limit, owned } = options;
    const arriving = new Arriving(source);
    const status = await this.#alone(id, "store an upload", async () => {
      using file = await this.#open(id);
      const { size } = file;
      if (offset !== undefined && offset !== size) throw otherOffset(id, size, offset);
      const running = this.#digests.take(id, size);
      const hash = running && (running.hash ?? createHash(running.algorithm));
      const tail = new FileTail(file, size, { owned });
      try {
        await receive(arriving, tail, { hash, limit });
      } catch (error) {
        await tail.undo();
        throw error;
      }
      if (running !== undefined) this.#digests.keep(id, { ...running, hash, size: tail.size });
      return { size: tail.size };
    });
    if (arriving.broken !== undefined) throw arriving.broken;
    return status;
  }

  async read(id: string, digest: Digest, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.#alone(id, "read an upload", async () => {
      using file = await this.#open(id);
      if (file.size > bytesMax) return undefined;
      const bytes = file.bytes();
      requireDigest(bytes, digest);
      return bytes;
    });
  }

  async finish(id: string, digest: Digest): Promise<{ size: number }> {
    const algorithm = parseAlgorithm(digestParts(digest).algorithm);
    return this.#alone(id, "finish an upload", async () => {
      using file = await this.#open(id);
      const { size } = file;
      const running = this.#digests.take(id, size);
      const known = running?.algorithm === algorithm ? running.hash : undefined;
      const hash = known ?? (await readAgain(file, algorithm));
      const actual = `${algorithm}:${hash.copy().digest("hex")}`;
      if (actual !== digest) {
        this.#digests.keep(id, { algorithm, hash, size });
        throw otherDigest(digest, { actual, size });
      }
      await this.#place(id, { file, size, path: blobPath(this.#root, digest, algorithm) });
      return { size };
    });
  }

  async cancel(id: string): Promise<boolean> {
    if (!UPLOAD_ID.test(id)) return false;
    return this.#alone(id, "cancel an upload", () => {
      this.#digests.drop(id);
      if (this.#empty.delete(id)) return Promise.resolve(true);
      return removeFile(join(this.#folder, id), this.#folder);
    });
  }

  async *list(): AsyncGenerator<UnfinishedUpload> {
    const uploads: UnfinishedUpload[] = Array.from(this.#empty, ([id, changed]) => ({
      id,
      size: 0,
      changed,
    }));
    await onDisk("list the uploads", async () => {
      for (const id of await readdir(this.#folder)) {
        const file = UPLOAD_ID.test(id) ? await findFile(join(this.#folder, id), this.#folder) : undefined;
        if (file !== undefined) uploads.push({ id, ...file });
      }
    });
    yield* uploads.toSorted((a, b) => a.changed.getTime() - b.changed.getTime());
  }

  /** Makes files of all that are none yet, for the next who opens the store. Who is adding to one makes it by themselves. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#empty.keys()) if (!this.#busy.has(id)) await this.#make(id);
  }

  async #make(id: string): Promise<void> {
    const made = await onDisk("start an upload", () => createFile(join(this.#folder, id)));
    if (!made) throw unusable(id, "is in use");
    this.#empty.delete(id);
  }

  /** Does `work` on an upload's file while no one else changes it. */
  async #alone<T>(id: string, doing: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) {
      const message = `Upload ${shown(id)} is being changed by another request; try again when that one has ended.`;
      throw new RegistryError("BLOB_UPLOAD_INVALID", message);
    }
    this.#busy.add(id);
    try {
      return await onDisk(doing, work);
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Gives a verified upload its blob's name: its bytes are durable before that, the name is when this resolves. */
  async #place(id: string, { file, size, path }: Placing): Promise<void> {
    const upload = join(this.#folder, id);
    const shard = dirname(path);
    if (!this.#shards.has(shard)) await makeFolder(shard);
    this.#shards.add(shard);
    const stored = statOf(path);
    if (stored?.isFile() && stored.size === size) {
      unlinkSync(upload);
    } else {
      await makeDurable(file, upload);
      renameSync(upload, path);
    }
    // Also for a blob that was there already: another process may have named it and not got any further.
    await syncFolder(shard);
  }

  async #open(id: string): Promise<OpenFile> {
    if (this.#empty.has(id)) await this.#make(id);
    const { O_RDWR, O_NOFOLLOW } = constants;
    const file = UPLOAD_ID.test(id)
      ? await unlessAbsent(
          this.#folder,
          async () => new OpenFile(join(this.#folder, id), O_RDWR | O_NOFOLLOW),
        )
      : undefined;
    if (file !== undefined) return file;
    const message = `There is no upload ${shown(id)}: it was finished, cancelled or expired, or never was. Start one.`;
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", message);
  }
}

/** The chunks of a source. One that breaks off just ends here, and `broken` says why: that is no failure of ours. */
class Arriving {
  readonly #source: Readable;
  broken: Error | undefined;

  constructor(source: Readable) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#source.iterator({ destroyOnReturn: false });
    } catch (error) {
      this.broken = error instanceof Error ? error : new Error("The source broke off", { cause: error });
    }
  }
}

type Receiving = { readonly hash: Hash | undefined; readonly limit: number | undefined };

async function receive(
  chunks: AsyncIterable<Uint8Array>,
  tail: FileTail,
  { hash, limit = Infinity }: Receiving,
): Promise<void> {
  for await (const chunk of chunks) {
    if (tail.size + chunk.length > limit) {
      const message = `The upload is larger than the ${limit} bytes that are allowed.`;
      throw new RegistryError("SIZE_EXCEEDED", message, { detail: { limit } });
    }
    hash?.update(chunk);
    await tail.add(chunk);
  }
  await tail.flush();
}

async function readAgain(file: OpenFile, algorithm: SupportedAlgorithm): Promise<Hash> {
  const hash = createHash(algorithm);
  for await (const chunk of file.read(REREAD_BYTES)) hash.update(chunk as Buffer);
  return hash;
}

/** What there is by a name; undefined also where that cannot be told. */
function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function makeDurable(file: OpenFile, path: string): Promise<void> {
  try {
    await file.datasync();
  } catch (error) {
    // The system forgets bytes that it failed to write. Asked again it would report success, without them.
    unlinkSync(path);
    throw error;
  }
}

function unusable(id: string, problem: string): RegistryError {
  return new RegistryError(
    "BLOB_UPLOAD_INVALID",
    `The upload id ${shown(id)} ${problem}; choose another one.`,
  );
}

function otherOffset(id: string, size: number, offset: number): RegistryError {
  const message = `Upload ${id} has ${size} bytes, and the chunk starts at ${offset}; go on at ${size}.`;
  return new RegistryError("RANGE_INVALID", message, { detail: { size } });
}
