import type { Accounts } from "./access/accounts.ts";
import { keysInFolder } from "./access/key-file.ts";
import type { KeyStore } from "./access/keys.ts";
import type { Blobs } from "./blobs/blobs.ts";
import { openExistingDiskBlobs } from "./blobs/disk.ts";
import { openAccounts } from "./catalog/accounts.ts";
import { openKeys } from "./catalog/keys.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { Engine } from "./catalog/engine.ts";
import type { Counts } from "./catalog/postgres-limits.ts";
import { openCatalog, openExistingCatalog } from "./catalog/sql-catalog.ts";
import type { Config } from "./config.ts";

/**
 * Where users and robots are kept: with the catalog on PostgreSQL, else in a file of their own in the data folder. A server
 * may have it open too.
 * @throws CATALOG_UNREACHABLE, DATA_UNUSABLE
 */
export async function openAccountsOf({ catalog, data }: Config): Promise<Accounts> {
  if (catalog !== undefined) return openAccounts(await openEngine({ catalog, data }));
  const { openSqliteAccounts } = await import("./catalog/sqlite-accounts.ts");
  return openAccounts(openSqliteAccounts(data));
}

/** A registry's data without a server. */
export type OpenData = AsyncDisposable & { readonly catalog: Catalog; readonly blobs: Blobs };

/**
 * Opens the data that a configuration names as it is, and makes nothing. A server may have it open too, unless `write` is
 * set: then the folder is locked as by a server. A database that several nodes share has no such lock.
 * @throws CATALOG_LOCKED, CATALOG_NEWER, CATALOG_UNREACHABLE, DATA_UNUSABLE
 */
export async function openData(config: Config, { write }: { write: boolean }): Promise<OpenData> {
  const blobs = await openExistingDiskBlobs(config.data);
  await using existing = new AsyncDisposableStack();
  let catalog = existing.use(await openExistingCatalog(await openReader(config)));
  // Only now: opened to be written, a catalog that is not there would be made, and all blobs be without an owner.
  if (write && config.catalog === undefined) catalog = await openCatalog(await openEngine(config));
  else existing.move();
  return { catalog, blobs, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() };
}

async function openReader(config: Config): Promise<Engine> {
  if (config.catalog !== undefined) return openEngine(config);
  const { openSqliteReader } = await import("./catalog/sqlite-reader.ts");
  return openSqliteReader(config.data);
}

/** The database of the catalog. Its driver is loaded here, as only one of the two is ever used. */
export async function openEngine({ catalog, data }: Pick<Config, "catalog" | "data">): Promise<Engine> {
  if (catalog === undefined) {
    const { openSqlite } = await import("./catalog/sqlite.ts");
    return await openSqlite(data);
  }
  const { openPostgres } = await import("./catalog/postgres.ts");
  return await openPostgres(catalog.reveal());
}

/** Users and robots, and the keys of tokens. Disposed of with the accounts. */
export type Credentials = { readonly accounts: Accounts; readonly keys: KeyStore };

/**
 * All that is kept for finding out who asks: in the database that nodes share, else in the data folder.
 * @throws CATALOG_UNREACHABLE, DATA_UNUSABLE
 */
export async function openCredentialsOf(config: Config): Promise<Credentials> {
  if (config.catalog === undefined) {
    return { accounts: await openAccountsOf(config), keys: keysInFolder(config.data) };
  }
  const engine = await openEngine(config);
  const accounts = await openAccounts(engine);
  await using unlessOpened = new AsyncDisposableStack();
  unlessOpened.use(accounts);
  const keys = await openKeys(engine);
  unlessOpened.move();
  return { accounts, keys };
}

/** Where nodes that share a database count calls together; `undefined` for a node that is alone. */
export async function openCountsOf({ catalog }: Config): Promise<Counts | undefined> {
  if (catalog === undefined) return undefined;
  const { openCounts } = await import("./catalog/postgres-limits.ts");
  return openCounts(catalog.reveal());
}
