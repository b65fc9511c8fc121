import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import type { Report } from "../../src/registry/check/report.ts";
import { Server, supercargo } from "../crash/server.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import { Data, LAST_LAYER, LAYER } from "./damaged-data.ts";

test("a check of good data exits with 0, and says so in words or as JSON", async () => {
  await using data = await Data.make();
  const words = await supercargo("check", "--data", data.folder);
  assert.deepEqual([words.code, words.stderr], [0, ""]);
  assert.match(words.stdout, /^No fault found\.$/m);
  const json = await supercargo("check", "--data", data.folder, "--output", "json", "--quick");
  const { ok, faults, checked } = JSON.parse(json.stdout) as Report;
  assert.deepEqual([json.code, ok, faults, checked.bytes], [0, true, [], 0]);
});

test("a check that finds faults exits with 8 until they are repaired, and changes nothing before", async () => {
  await using data = await Data.make();
  await writeFile(data.pathOf(LAYER.digest), "A layer".padEnd(5_000));
  for (const options of [[], ["--output", "json"]]) {
    const { code, stdout, stderr } = await supercargo("check", "--data", data.folder, ...options);
    assert.equal(code, 8, stderr);
    assert.ok(stdout.includes("blob.damaged") && stdout.includes(LAYER.digest), stdout);
    assert.match(stderr, /^supercargo: The check found 3 faults\. --repair .*\n$/);
  }
  const repair = await supercargo("check", "--data", data.folder, "--repair");
  assert.equal(repair.code, 0, repair.stderr);
  assert.match(repair.stdout, /^membership\.broken: 2 found, 2 repaired$/m);
});

test("what a repair must not guess is left, and it still exits with 8", async () => {
  await using data = await Data.make();
  await rm(data.pathOf(LAYER.digest));
  data.edit(`delete from event where tag = 'v1'`);
  const { code, stderr } = await supercargo("check", "--data", data.folder, "--repair");
  assert.equal(code, 8);
  assert.match(stderr, /The check found 2 faults\. .*without guessing/);
});

test("garbage of the last hour is left alone by a repair", async () => {
  await using data = await Data.make();
  data.edit(`delete from blob where digest = '${LAYER.digest}'`, `update content set bytes = x'7b7d'`);
  const { stdout } = await supercargo("check", "--data", data.folder, "--repair");
  assert.match(stdout, /^blob\.garbage: 1 found$/m);
  assert.ok(existsSync(data.pathOf(LAYER.digest)));
});

test("a server may run while its data is checked, and must not while it is repaired", async () => {
  await using data = await Data.make();
  await using server = await Server.start("--data", data.folder);
  await writeFile(data.pathOf(LAST_LAYER.digest), "[]");
  assert.equal((await supercargo("check", "--data", data.folder)).code, 8);
  const { code, stderr } = await supercargo("check", "--data", data.folder, "--repair");
  assert.equal(code, 6);
  assert.match(stderr, /Another Supercargo uses the data folder/);
  assert.equal((await fetch(`http://${server.host}/v2/`)).status, 200);
});

test("where there is no data a check refuses with 7, and makes none, least of all a catalog to compare blobs with", async () => {
  await using data = await Data.make();
  const nowhere = join(data.folder, "nowhere");
  for (const options of [[], ["--repair"]]) {
    assert.equal((await supercargo("check", "--data", nowhere, ...options)).code, 7);
    assert.equal(existsSync(nowhere), false);
  }
  for (const file of await readdir(data.folder))
    if (file.startsWith("catalog.db")) await rm(join(data.folder, file));
  for (const options of [[], ["--repair"]]) {
    const { code, stderr } = await supercargo("check", "--data", data.folder, ...options);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /cannot be used/);
    assert.equal(existsSync(join(data.folder, "catalog.db")), false);
  }
  assert.ok(existsSync(data.pathOf(LAYER.digest)));
});

test("a catalog file that is none, or is damaged, is refused with 7 and a sentence", async () => {
  await using data = await Data.make();
  await writeFile(join(data.folder, "catalog.db"), "no database".repeat(1_000));
  await chmod(join(data.folder, "catalog.db"), 0o600);
  const { code, stderr } = await supercargo("check", "--data", data.folder);
  assert.equal(code, 7, stderr);
  assert.match(stderr, /^supercargo: .*\n$/);
});

describe("on PostgreSQL", () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());

  test("a check compares the folder with that catalog, and a repair wants to hear that every server is stopped", async () => {
    await using data = await Data.make();
    const catalog = await postgres.createDatabase();
    {
      await using server = await Server.start("--data", data.folder, "--catalog", catalog);
      assert.equal((await fetch(`http://${server.host}/v2/`)).status, 200);
    }
    const args = ["check", "--data", data.folder, "--catalog", catalog];
    const report = JSON.parse((await supercargo(...args, "--output", "json")).stdout) as Report;
    assert.deepEqual(report.counts, { "blob.garbage": { found: 2, repaired: 0 } });
    const refused = await supercargo(...args, "--repair");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--servers-stopped/);
    assert.equal((await supercargo(...args, "--repair", "--servers-stopped")).code, 0);
  });

  test("a database without a catalog is refused with 7 and left empty", async () => {
    await using data = await Data.make();
    const catalog = await postgres.createDatabase();
    for (const options of [[], ["--repair", "--servers-stopped"]]) {
      const { code, stderr } = await supercargo(
        "check",
        "--data",
        data.folder,
        "--catalog",
        catalog,
        ...options,
      );
      assert.equal(code, 7, stderr);
      assert.match(stderr, /There is no catalog in this database/);
    }
    const client = new pg.Client({ connectionString: catalog });
    await client.connect();
    const { rows } = await client.query("select 1 from pg_tables where schemaname = 'public'");
    await client.end();
    assert.deepEqual(rows, []);
  });
});
