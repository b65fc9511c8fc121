import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { describeCatalog } from "../../test/contract/catalog.ts";
import { describePlans, ONE_ROW } from "../../test/contract/catalog/plans.ts";
import { openNew, type Place } from "../../test/contract/catalog/place.ts";
import { readLog } from "../../test/contract/catalog/reading.ts";
import { APP, blob, manifest, ORIGIN, OTHER, push, V1 } from "../../test/contract/catalog/samples.ts";
import { RegistryError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { TABLES } from "./list-orders.ts";
import { answeringKib } from "./sqlite-connection.ts";
import { openSqlite } from "./sqlite.ts";

async function newFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "supercargo-catalog-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function newPlace(): Promise<Place> {
  const folder = await newFolder();
  return { ...folder, openEngine: () => openSqlite(folder.path), nodes: 1 };
}

describeCatalog("SQLite", newPlace);

// A full-text index says no more than that it is asked for matches. What a statement has limited is scanned: its inner page, or the rows that it inserts.
const SCAN = new RegExp(
  `^SCAN (?!\\w+_parts VIRTUAL TABLE INDEX \\d+:M|page|part|found|given|newest|(\\d+ )?CONSTANT ROW|\\(subquery|\\d+-ROW VALUES|${ONE_ROW.join("|")})`,
);
const REPOSITORY_SCAN = /^SEARCH (?!.*EXISTS).*\(repository=\?\)$/;
// All that facts have ever been, save a page of it: a repository has been another one with each push.
const VERSIONS_SCAN =
  /^SEARCH .* sqlite_autoindex_(repository|manifest|tag|namespace)_1 \((?!.* AND since=\?\))/;

describePlans(newPlace, async (engine) => async (sql, values) => {
  const scansOfOne = sql.endsWith("order by f.since desc limit ?")
    ? [REPOSITORY_SCAN]
    : [REPOSITORY_SCAN, VERSIONS_SCAN];
  type Step = { id: number; parent: number; detail: string };
  const plan = await engine.all<Step>(`explain query plan ${sql}`, values);
  // A subquery that is asked for a single value ends with its first row.
  const single = new Set(plan.filter(({ detail }) => detail.includes("SCALAR SUBQUERY")).map(({ id }) => id));
  return plan
    .filter(
      ({ parent, detail }) =>
        SCAN.test(detail) || (!single.has(parent) && scansOfOne.some((scan) => scan.test(detail))),
    )
    .map(({ detail }) => detail);
});

describe("SQLite alone", () => {
  test("is in one state until a commit is durable, and in another one then", async () => {
    await using folder = await newFolder();
    await using engine = await openSqlite(folder.path);
    await engine.run("create table word (text text)");
    const before = engine.state?.();
    await engine.all("select text from word");
    assert.equal(engine.state?.(), before, "reading changes nothing");
    const written = engine.transaction(async (tx) => {
      await tx.run("insert into word values ('a')");
      assert.equal(engine.state?.(), before, "what is not committed is not seen");
    });
    await written;
    assert.notEqual(engine.state?.(), before);
    assert.deepEqual(await engine.all("select text from word"), [{ text: "a" }]);
  });

  test("keeps more pages where there is more memory, within bounds", () => {
    const mebibyte = 1024 * 1024;
    const kept = [512, 8_192, 65_536].map((memory) => answeringKib(memory * mebibyte) / 1024);
    assert.deepEqual(kept, [64, 128, 256]);
  });

  test("has all that is shown in the indexes of orders in which neighbours lie all over the table", async () => {
    await using opened = await openNew(newPlace);
    const described = ["described", "annotated", "tag_names", "tags_since"];
    for (const [kind, orders, more] of [
      ["tags", ["size", "image_size", "semver"], []],
      ["manifests", ["size", "image_size"], described],
    ] as const) {
      const { table, columns } = TABLES[kind];
      for (const order of orders) {
        const rows = await opened.engine.all<{ name: string }>("select name from pragma_index_info(?)", [
          `${table}_by_${order}`,
        ]);
        const indexed = new Set(rows.map(({ name }) => name));
        const missing = [...columns, ...more, "since", "until"].filter((column) => !indexed.has(column));
        assert.deepEqual(missing, [], `${table}_by_${order}`);
      }
    }
  });

  test("is refused to a second one while the first has it, with what to do, and free again after", async () => {
    await using folder = await newFolder();
    {
      await using first = await openSqlite(folder.path);
      await assert.rejects(openSqlite(folder.path), {
        name: "RegistryError",
        code: "CATALOG_LOCKED",
        message:
          /Another Supercargo uses the data folder .* Stop it first, choose another folder with --data/,
      });
      assert.deepEqual(await first.all("select 1 as one"), [{ one: 1 }]);
    }
    await using again = await openSqlite(folder.path);
    assert.deepEqual(await again.all("select 1 as one"), [{ one: 1 }]);
  });

  test("says what is wrong with a folder that cannot be used", async () => {
    await using folder = await newFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "");
    for (const path of [file, join(file, "below")]) {
      await assert.rejects(openSqlite(path), {
        code: "DATA_UNUSABLE",
        message: /The data folder .*file.* cannot be used: .* Make it a folder this user may write/,
      });
    }
    await writeFile(
      join(folder.path, "catalog.db"),
      "this is no database, and long enough to be taken for one".repeat(90),
    );
    await assert.rejects(openSqlite(folder.path), {
      code: "DATA_UNUSABLE",
      message: /not a database|damaged/,
    });
    // The refusal has let go of the folder.
    await rm(join(folder.path, "catalog.db"));
    await using engine = await openSqlite(folder.path);
    assert.deepEqual(await engine.all("select 1 as one"), [{ one: 1 }]);
  });

  test("commits together what is written at the same time", async () => {
    await using opened = await openNew(newPlace);
    const { catalog } = opened;
    const writes = Array.from({ length: 10 }, (_, n) => push(catalog, { content: manifest(`${n}`) }));
    await Promise.race(writes);
    assert.equal((await catalog.bounds()).revision, 11);
    await Promise.all(writes);
  });

  test("does the rest of what is written at the same time behind all of it", async () => {
    await using folder = await newFolder();
    await using engine = await openSqlite(folder.path);
    await engine.run("create table word (text text)");
    await Promise.all([writeWord(engine, "a"), writeWord(engine, "b")]);
    assert.deepEqual(await wordsOf(engine), ["a", "b", "rest of a", "rest of b"]);
  });

  test("takes back with its rest what fails, or whose rest does, and nothing else", async () => {
    await using folder = await newFolder();
    await using engine = await openSqlite(folder.path);
    await engine.run("create table word (text text)");
    const outcomes = await Promise.allSettled([
      writeWord(engine, "a"),
      writeWord(engine, "b", { fails: true }),
      writeWord(engine, "c", { restFails: true }),
      writeWord(engine, "d"),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "rejected", "fulfilled"],
    );
    assert.deepEqual(await wordsOf(engine), ["a", "rest of a", "d", "rest of d"]);
  });

  test("answers readers from what was committed while a write goes on", async () => {
    await using opened = await openNew(newPlace);
    const { catalog } = opened;
    await catalog.write(APP, ORIGIN, async (tx) => {
      await tx.putManifest(manifest("a"));
      await tx.addBlob(blob("a"), 1);
      assert.equal(await catalog.findBlob(APP, blob("a")), undefined);
    });
    assert.deepEqual(await catalog.findBlob(APP, blob("a")), { size: 1 });
  });

  test("says STORAGE_FULL when the disk is, has lost nothing, and goes on when there is room", async () => {
    await using opened = await openNew(newPlace);
    const { catalog, engine } = opened;
    await push(catalog, { content: manifest("a") });
    await limitPages(engine, 0);
    const large = manifest("large", { bytes: Buffer.alloc(4 * 1024 * 1024) });
    const outcomes = await Promise.allSettled([
      push(catalog, { repository: OTHER, content: large }),
      push(catalog, { repository: OTHER, content: large, tags: [V1] }),
    ]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected" && outcome.reason instanceof RegistryError);
      assert.equal(outcome.reason.code, "STORAGE_FULL");
    }
    assert.deepEqual(await catalog.listRepositories({ limit: 10 }), [APP]);
    await limitPages(engine, 10_000);
    await push(catalog, { repository: OTHER, content: large, tags: [V1] });
    assert.deepEqual(await catalog.listRepositories({ limit: 10 }), [APP, OTHER]);
    assert.equal((await readLog(catalog)).length, 5);
  });
});

/** A transaction that writes a word, and as its rest that it did. */
function writeWord(engine: Engine, word: string, { fails = false, restFails = false } = {}): Promise<void> {
  return engine.transaction(async (tx) => {
    await tx.run("insert into word values (?)", [word]);
    await engine.last(tx, async () => {
      await tx.run("insert into word values (?)", [`rest of ${word}`]);
      if (restFails) throw new Error(`no rest of ${word}`);
    });
    if (fails) throw new Error(`no ${word}`);
  });
}

async function wordsOf(engine: Engine): Promise<string[]> {
  const rows = await engine.all<{ text: string }>("select text from word order by rowid");
  return rows.map(({ text }) => text);
}

/** Lets the database grow by so many pages and no more, as a disk does that is nearly full. */
async function limitPages(engine: Engine, more: number): Promise<void> {
  await engine.transaction(async (tx) => {
    const [size] = await tx.all<{ page_count: number }>("pragma page_count");
    await tx.all(`pragma max_page_count = ${(size?.page_count ?? 0) + more}`);
  });
}
