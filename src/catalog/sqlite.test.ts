import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeCatalog } from "../../test/contract/catalog.ts";
import { describePlans, ONE_ROW } from "../../test/contract/catalog/plans.ts";
import type { Place } from "../../test/contract/catalog/place.ts";
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

// What a statement itself has limited is scanned as well: its inner page, or the rows that it inserts.
const SCAN = new RegExp(`^SCAN (?!page|\\(subquery|\\d+-ROW VALUES|${ONE_ROW.join("|")})`);
const REPOSITORY_SCAN = /^SEARCH (?!.*EXISTS).*\(repository=\?\)$/;

describePlans(newPlace, async (engine) => async (sql, values) => {
  const plan = await engine.all<{ detail: string }>(`explain query plan ${sql}`, values);
  return plan
    .map((step) => step.detail)
    .filter((detail) => SCAN.test(detail) || REPOSITORY_SCAN.test(detail));
});
