import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { FileTail } from "./file-tail.ts";
import type { TailFile } from "./file-tail.ts";

const KIB = 1024;

/** A file in memory that takes at most `takes` bytes at once, and each only when it is told to. */
class SlowFile implements TailFile {
  bytes = Buffer.alloc(0);
  readonly sizes: number[] = [];
  readonly #takes: number;
  readonly #waiting: (() => void)[] = [];
  #failure: Error | undefined;

  constructor({ takes = Infinity } = {}) {
    this.#takes = takes;
  }

  /** How many writes wait to be let go on. */
  get writing(): number {
    return this.#waiting.length;
  }

  /** Makes every write from now on fail. */
  failWith(failure: Error): void {
    this.#failure = failure;
  }

  /** Lets the writes that wait go on, and gives those who wait for them their turn. */
  async goOn(): Promise<void> {
    for (const resume of this.#waiting.splice(0)) resume();
    await setImmediate();
  }

  async truncate(size: number): Promise<void> {
    this.bytes = this.bytes.subarray(0, size);
  }

  async writev(chunks: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }> {
    await new Promise<void>((resume) => this.#waiting.push(resume));
    if (this.#failure) throw this.#failure;
    const taken = Buffer.concat(chunks).subarray(0, this.#takes);
    this.sizes.push(taken.length);
    const before = Buffer.concat([this.bytes], position);
    this.bytes = Buffer.concat([before, taken, this.bytes.subarray(position + taken.length)]);
    return { bytesWritten: taken.length };
  }
}

test("a batch is gathered while another is written, and no two are written at once", async () => {
  const file = new SlowFile();
  const tail = new FileTail(file, 0);
  const chunks = Array.from({ length: 12 }, () => randomBytes(256 * KIB));
  const writing = (async () => {
    for (const chunk of chunks) await tail.add(chunk);
    await tail.flush();
  })();
  while (file.bytes.length < 12 * 256 * KIB) {
    await setImmediate();
    assert.ok(file.writing <= 1, "two writes at once");
    await file.goOn();
  }
  await writing;
  assert.equal(tail.size, 12 * 256 * KIB);
  assert.deepEqual(file.bytes, Buffer.concat(chunks));
});

test("small chunks are written together, but not more than a few hundred of them", async () => {
  const file = new SlowFile();
  const tail = new FileTail(file, 0);
  for (let n = 0; n < 1000; n++) await tail.add(Buffer.from("x"));
  assert.equal(file.writing, 1);
  const flushing = tail.flush();
  await file.goOn();
  await file.goOn();
  await flushing;
  assert.equal(file.sizes.length, 2);
  assert.equal(file.bytes.length, 1000);
});

test("a write that stops short is gone on with", async () => {
  const file = new SlowFile({ takes: 3 });
  const tail = new FileTail(file, 0);
  await tail.add(Buffer.from("0123"));
  await tail.add(Buffer.from("456"));
  const flushing = tail.flush();
  while (file.bytes.length < 7) await file.goOn();
  await flushing;
  assert.equal(file.bytes.toString(), "0123456");
  assert.deepEqual(file.sizes, [3, 3, 1]);
});

test("a write that fails does so for whoever adds or flushes next, and for nobody else", async () => {
  const file = new SlowFile();
  const tail = new FileTail(file, 0);
  const failure = new Error("full");
  file.failWith(failure);
  await tail.add(randomBytes(256 * KIB));
  await file.goOn();
  await setImmediate();
  await tail.add(Buffer.from("gathered only"));
  await assert.rejects(tail.add(randomBytes(256 * KIB)), failure);
  await assert.rejects(tail.flush(), failure);
});

test("what is taken back is gone, also what was still on its way", async () => {
  const file = new SlowFile();
  file.bytes = Buffer.from("before");
  const tail = new FileTail(file, 6);
  await tail.add(randomBytes(256 * KIB));
  await file.goOn();
  await tail.add(randomBytes(256 * KIB));
  await tail.add(Buffer.from("gathered only"));
  const undoing = tail.undo();
  await setImmediate();
  await file.goOn();
  await undoing;
  assert.equal(file.bytes.toString(), "before");
});

test("chunks that are owned are emptied once they are written, and no others", async () => {
  for (const owned of [true, false]) {
    const file = new SlowFile();
    const tail = new FileTail(file, 0, { owned });
    const whole = new Uint8Array(300 * KIB).fill(1);
    const neighbours = new Uint8Array(KIB).fill(2);
    await tail.add(whole);
    assert.equal(whole.byteLength, 300 * KIB, "still to be written");
    await tail.add(neighbours.subarray(0, 10));
    const flushed = tail.flush();
    while (file.writing > 0) await file.goOn();
    await flushed;
    assert.deepEqual(file.bytes, Buffer.concat([Buffer.alloc(300 * KIB, 1), Buffer.alloc(10, 2)]));
    assert.equal(whole.byteLength, owned ? 0 : 300 * KIB);
    assert.equal(neighbours.byteLength, KIB);
  }
});
