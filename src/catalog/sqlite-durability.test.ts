import assert from "node:assert/strict";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import { openSqlite } from "./sqlite.ts";

const LOG_BYTES_MAX = 16 * 1024 * 1024;

type Place = AsyncDisposable & { readonly engine: Engine; readonly log: string };

async function newPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-durability-"));
  const engine = await openSqlite(folder);
  await engine.run("create table note (text text not null)");
  return {
    engine,
    log: join(folder, "catalog.db-wal"),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

type Held = { readonly begun: Promise<void>; readonly count: () => number };

/** Has every flush of a file wait for `until`, and tells when the first one has begun. */
async function holdFlushes(context: TestContext, until: Promise<void>): Promise<Held> {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  await using any = await open(import.meta.filename);
  const { mock } = context.mock.method(Object.getPrototypeOf(any) as typeof any, "datasync", async () => {
    resolve();
    await until;
  });
  return { begun, count: () => mock.callCount() };
}

const add = (engine: Engine, text: string): Promise<number> =>
  engine.run("insert into note values (?)", [text]);

const notes = async (engine: Engine): Promise<string[]> =>
  (await engine.all<{ text: string }>("select text from note order by text")).map(({ text }) => text);

test("a write is neither acknowledged nor seen before it is on the disk", async (context) => {
  await using place = await newPlace();
  const disk = Promise.withResolvers<void>();
  const { begun } = await holdFlushes(context, disk.promise);
  let isAcknowledged = false;
  const written = add(place.engine, "one").then(() => (isAcknowledged = true));
  await begun;
  assert.deepEqual(await notes(place.engine), []);
  assert.equal(isAcknowledged, false);
  disk.resolve();
  await written;
  assert.deepEqual(await notes(place.engine), ["one"]);
});

test("writes that come while the disk is busy are flushed together, once", async (context) => {
  await using place = await newPlace();
  const disk = Promise.withResolvers<void>();
  const { begun, count } = await holdFlushes(context, disk.promise);
  const first = add(place.engine, "0");
  await begun;
  const others = Array.from({ length: 9 }, (_, index) => add(place.engine, `${index + 1}`));
  disk.resolve();
  await Promise.all([first, ...others]);
  assert.equal(count(), 2);
  assert.equal((await notes(place.engine)).length, 10);
});

test("after a failed flush nothing that might be lost is shown, and nothing more is taken", async (context) => {
  await using place = await newPlace();
  await add(place.engine, "kept");
  const disk = Promise.withResolvers<void>();
  const { begun } = await holdFlushes(context, disk.promise);
  const refused = { name: "RegistryError", code: "UNAVAILABLE", message: /restart the server/ };
  const doubtful = add(place.engine, "doubtful");
  await begun;
  disk.reject(new Error("EIO"));
  await assert.rejects(doubtful, refused);
  context.mock.restoreAll();
  await assert.rejects(add(place.engine, "later"), refused);
  assert.deepEqual(await notes(place.engine), ["kept"]);
});

test("the log of changes stays small under writes and reads that never pause", async () => {
  await using place = await newPlace();
  const text = "x".repeat(2000);
  for (let round = 0; round < 1_500; round += 1) {
    const writes = Array.from({ length: 20 }, () => add(place.engine, text));
    await place.engine.all("select 1 from note limit 1");
    await Promise.all(writes);
  }
  assert.ok((await stat(place.log)).size < LOG_BYTES_MAX);
});

test("the log of changes stays small under reads that go on whatever is written", async () => {
  await using place = await newPlace();
  const text = "x".repeat(2000);
  const over = new AbortController();
  const readOn = async (): Promise<void> => {
    for (; !over.signal.aborted; await setImmediate()) await place.engine.all("select 1 from note limit 1");
  };
  const reading = readOn();
  for (let round = 0; round < 1_500; round += 1) {
    await Promise.all(Array.from({ length: 20 }, () => add(place.engine, text)));
  }
  over.abort();
  await reading;
  assert.ok((await stat(place.log)).size < LOG_BYTES_MAX);
});

test("the log of changes stays small under changes that return their rows", async () => {
  await using place = await newPlace();
  for (let round = 0; round < 150; round += 1) {
    await place.engine.transaction((tx) =>
      tx.all(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 600)
        insert into note select i || hex(zeroblob(500)) from n returning text`),
    );
    await place.engine.all("select 1 from note limit 1");
  }
  assert.ok((await stat(place.log)).size < LOG_BYTES_MAX);
});
