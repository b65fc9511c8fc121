import {
  closeSync,
  createReadStream,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readFileSync,
  writev,
  writevSync,
} from "node:fs";
import type { ReadStream } from "node:fs";
import { promisify } from "node:util";

/** Up to so many bytes are written at once: the system takes them into its memory in less time than a thread needs to wake. */
const QUICK_BYTES_MAX = 64 * 1024;

const writeLater = promisify(writev);
const syncFile = promisify(fsync);
const syncData = promisify(fdatasync);

/**
 * A file that is open. What the system answers from its memory is asked for at once, and only what waits for the disk, or
 * takes long, is left to another thread: to hand over an `open` takes about 70 µs of processor time, the `open` itself 5.
 * A small push makes some forty such calls.
 */
export class OpenFile implements Disposable {
  readonly #fd: number;

  /** Throws the system's error. */
  constructor(path: string, flags: string | number) {
    this.#fd = openSync(path, flags);
  }

  /** In bytes, as of now. */
  get size(): number {
    return fstatSync(this.#fd).size;
  }

  /** Writes as much as the system takes. */
  async writev(chunks: Uint8Array[], position: number): Promise<{ bytesWritten: number }> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes <= QUICK_BYTES_MAX) return { bytesWritten: writevSync(this.#fd, chunks, position) };
    return writeLater(this.#fd, chunks, position);
  }

  async truncate(size: number): Promise<void> {
    ftruncateSync(this.#fd, size);
  }

  /** Makes its bytes durable. */
  datasync(): Promise<void> {
    return syncData(this.#fd);
  }

  /** Makes it durable as a whole; of a folder, its names. */
  sync(): Promise<void> {
    return syncFile(this.#fd);
  }

  /** All of its bytes, which are few. */
  bytes(): Buffer {
    return readFileSync(this.#fd);
  }

  /** Its bytes from the beginning, so many at a time. It must stay open until they have been read. */
  read(chunkBytes: number): ReadStream {
    return createReadStream("", { fd: this.#fd, start: 0, autoClose: false, highWaterMark: chunkBytes });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
