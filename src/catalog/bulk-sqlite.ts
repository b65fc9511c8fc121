import type Database from "better-sqlite3";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { lockFolder } from "./sqlite.ts";
import { DIALECT } from "./sqlite-dialect.ts";
import { Connection } from "./sqlite-connection.ts";

/** Memory for database pages while it is filled, in KiB. */
const PAGE_CACHE_KIB = 4 * 1024 * 1024;
/** Threads that help to sort an index. */
const SORTING_THREADS = 2;

/** A database that is being filled. Disposed of before it is kept, it is thrown away. */
export type Filling = Engine & {
  /** Makes it the catalog of its folder, durably. Nothing can be done with it afterwards. */
  keep(): Promise<void>;
};

/**
 * A new embedded catalog database to be filled, without any care for crashes: it lies beside where the folder's catalog
 * will be until it is kept, so that nobody can take a half of it for the whole. `DATA_UNUSABLE` when the folder has a
 * catalog, `CATALOG_LOCKED` when another process uses it.
 */
export async function openSqliteFilling(folder: string): Promise<Filling> {
  mkdirSync(folder, { recursive: true });
  const guard = lockFolder(folder);
  try {
    const path = join(folder, "catalog.db");
    if (existsSync(path)) {
      throw new RegistryError(
        "DATA_UNUSABLE",
        `There is a catalog in ${folder} already. Choose another folder.`,
      );
    }
    return new SqliteFilling(path, guard);
  } catch (error) {
    guard.close();
    throw error;
  }
}

class SqliteFilling implements Filling {
  readonly types = DIALECT.types;
  readonly bulk = DIALECT.bulk;
  readonly using = DIALECT.using;
  readonly again = DIALECT.again;
  readonly defers = DIALECT.defers;
  readonly nests = DIALECT.nests;
  readonly like = DIALECT.like;
  readonly sees = DIALECT.sees;
  readonly announce = DIALECT.announce;
  readonly listen = DIALECT.listen;
  readonly parts = DIALECT.parts;
  readonly #path: string;
  readonly #part: string;
  readonly #guard: Database.Database;
  readonly #connection: Connection;

  constructor(path: string, guard: Database.Database) {
    this.#path = path;
    this.#part = `${path}.filling`;
    this.#guard = guard;
    rmSync(this.#part, { force: true });
    this.#connection = new Connection(this.#part, { survives: false });
    this.#connection.exec(`pragma cache_size = -${PAGE_CACHE_KIB}`);
    this.#connection.exec(`pragma threads = ${SORTING_THREADS}`);
  }

  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    return this.#connection.all(sql, values);
  }

  run(sql: string, values?: readonly Value[]): Promise<number> {
    return this.#connection.run(sql, values);
  }

  async transaction<T>(change: (tx: Queryable) => Promise<T>): Promise<T> {
    this.#connection.exec("begin");
    try {
      const result = await change(this.#connection);
      this.#connection.exec("commit");
      return result;
    } finally {
      this.#connection.rollback();
    }
  }

  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T> {
    return read(this);
  }

  lock(): Promise<void> {
    return Promise.resolve();
  }

  last(_tx: Queryable, rest: () => Promise<void>): Promise<void> {
    return rest();
  }

  async keep(): Promise<void> {
    this.#connection[Symbol.dispose]();
    await flush(this.#part);
    await rename(this.#part, this.#path);
    await flush(join(this.#path, ".."));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
    rmSync(this.#part, { force: true });
    this.#guard.close();
  }
}

async function flush(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}
