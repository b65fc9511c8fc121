/** How many bytes are gathered for one write. */
const BATCH_BYTES = 256 * 1024;

/** How many chunks are gathered for one write, for sources that deliver crumbs: each costs memory beside its bytes. */
const BATCH_CHUNKS = 512;

/** What is needed of a file: a `FileHandle` has it. */
export interface TailFile {
  truncate(size: number): Promise<void>;
  writev(chunks: Uint8Array[], position: number): Promise<{ bytesWritten: number }>;
}

/**
 * Writes to the end of an open file in batches: one is gathered while the one before it is being written. Never two
 * at once, so that a crash leaves a beginning of what was sent, and no hole. Chunks that it owns it empties once they
 * are written: left to the garbage collector, those of a large upload pile up to some 60 MiB.
 */
export class FileTail {
  readonly #file: TailFile;
  readonly #start: number;
  readonly #owned: boolean;
  #size: number;
  #chunks: Uint8Array[] = [];
  #gathered = 0;
  #writing: Promise<void> = Promise.resolve();

  /** Starts at `size`, where the file ends now. */
  constructor(file: TailFile, size: number, { owned = false } = {}) {
    this.#file = file;
    this.#start = size;
    this.#owned = owned;
    this.#size = size;
  }

  /** Where the file will end once everything is written, in bytes. */
  get size(): number {
    return this.#size + this.#gathered;
  }

  /** Takes a chunk, and resolves as soon as the next one may come. Throws what an earlier write failed with. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered >= BATCH_BYTES || this.#chunks.length >= BATCH_CHUNKS) await this.#write();
  }

  /** Resolves when everything taken so far is in the file. */
  async flush(): Promise<void> {
    if (this.#gathered > 0) await this.#write();
    await this.#writing;
  }

  /** Takes back everything, whether it is in the file or still on the way there. */
  async undo(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.truncate(this.#start);
  }

  async #write(): Promise<void> {
    await this.#writing;
    const chunks = this.#chunks;
    this.#writing = writeAll(this.#file, chunks, this.#size);
    if (this.#owned) this.#writing = this.#writing.then(() => chunks.forEach(empty));
    // It is looked at when the next batch is full: until then its failure is not an unhandled one.
    this.#writing.catch(() => {});
    this.#size += this.#gathered;
    this.#chunks = [];
    this.#gathered = 0;
  }
}

/** A write may stop short without saying why: writing the rest does, by its error. */
async function writeAll(file: TailFile, chunks: Uint8Array[], position: number): Promise<void> {
  let { bytesWritten } = await file.writev(chunks, position);
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytesWritten === size) return;
  const bytes = Buffer.concat(chunks);
  for (let done = bytesWritten; done < size; done += bytesWritten) {
    ({ bytesWritten } = await file.writev([bytes.subarray(done)], position + done));
  }
}

/** Gives a chunk's memory back at once, if it is the only one in that memory. */
function empty({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
