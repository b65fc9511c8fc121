import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeCatalog } from "../../test/contract/catalog.ts";
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
