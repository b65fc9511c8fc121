import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manifest, ORIGIN } from "../../test/contract/catalog/samples.ts";
import { parseName } from "../oci/name.ts";
import { fillCatalog, type BulkRepository } from "./bulk.ts";
import { openSqliteFilling } from "./bulk-sqlite.ts";
import { openCatalog } from "./sql-catalog.ts";
import { openSqlite } from "./sqlite.ts";

const REPOSITORY: BulkRepository = {
  name: parseName("a/b"),
  time: new Date(1),
  manifests: [{ content: manifest("one") }],
  tags: [],
};

async function newFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "supercargo-bulk-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("a database that was filled and kept is the catalog of its folder", async () => {
  await using folder = await newFolder();
  {
    await using filling = await openSqliteFilling(folder.path);
    await fillCatalog(filling, [REPOSITORY], ORIGIN);
    await filling.keep();
  }
  await using catalog = await openCatalog(await openSqlite(folder.path));
  assert.deepEqual(await catalog.listRepositories({ limit: 10 }), ["a/b"]);
  assert.equal((await catalog.bounds()).revision, 2);
});

test("a database whose filling broke off is no catalog, and leaves the folder to the next", async () => {
  await using folder = await newFolder();
  const broken = function* (): Generator<BulkRepository> {
    yield REPOSITORY;
    throw new Error("the source broke off");
  };
  {
    await using filling = await openSqliteFilling(folder.path);
    await assert.rejects(fillCatalog(filling, broken(), ORIGIN), /the source broke off/);
    assert.ok(!(await readdir(folder.path)).includes("catalog.db"));
  }
  assert.deepEqual(
    (await readdir(folder.path)).filter((name) => name.startsWith("catalog.db")),
    [],
  );
  await using again = await openSqliteFilling(folder.path);
  assert.equal(await fillCatalog(again, [REPOSITORY], ORIGIN), 2);
});

test("a folder that has a catalog, or whose catalog is in use, is not filled", async () => {
  await using folder = await newFolder();
  const engine = await openSqlite(folder.path);
  await assert.rejects(openSqliteFilling(folder.path), { code: "CATALOG_LOCKED" });
  await engine[Symbol.asyncDispose]();
  await assert.rejects(openSqliteFilling(folder.path), { code: "DATA_UNUSABLE" });
});
