import Database from "better-sqlite3";
import { mkdirSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { DIALECT } from "./sqlite-dialect.ts";
import { codeOf, Connection } from "./sqlite-connection.ts";

/** Transactions committed together at the most. Bounds how long the first of them waits for the last. */
const GROUP_MAX = 64;
/** Rows changed until the log of changes is carried over into the database and begun anew: a few MB of it. */
const CHECKPOINT_ROWS = 500;

type Job = { run(): Promise<void>; settle(failure?: unknown): void };

/**
 * The embedded catalog database: `<folder>/catalog.db`, in WAL mode, durable at every commit. One process at a time has
 * it open for writing: a second one is refused with `CATALOG_LOCKED`. `DATA_UNUSABLE` when the folder cannot be written.
 */
export async function openSqlite(folder: string): Promise<Engine> {
  try {
    mkdirSync(folder, { recursive: true });
    const guard = lockFolder(folder);
    try {
      return await Sqlite.open(join(folder, "catalog.db"), guard);
    } catch (error) {
      guard.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof RegistryError && error.code === "CATALOG_LOCKED" ? error : unusable(folder, error);
  }
}

/**
 * The catalog database of a folder, to be read as it is: makes nothing and takes no lock, so that a server may have it open
 * as well. `DATA_UNUSABLE` when there is none.
 */
export async function openSqliteReader(folder: string): Promise<Engine> {
  try {
    return new SqliteReader(join(folder, "catalog.db"));
  } catch (error) {
    throw unusable(folder, error);
  }
}

class SqliteReader implements Engine {
  readonly types = DIALECT.types;
  readonly bulk = DIALECT.bulk;
  readonly using = DIALECT.using;
  readonly like = DIALECT.like;
  readonly sees = DIALECT.sees;
  readonly announce = DIALECT.announce;
  readonly listen = DIALECT.listen;
  readonly parts = DIALECT.parts;
  readonly #connection: Connection;

  constructor(path: string) {
    this.#connection = new Connection(path, { readonly: true });
  }

  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    return this.#connection.all(sql, values);
  }

  run(): Promise<never> {
    return Promise.reject(new Error("This catalog was opened to be read."));
  }

  transaction(): Promise<never> {
    return this.run();
  }

  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T> {
    return read(this);
  }

  lock(): Promise<never> {
    return this.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
  }
}

/**
 * Durability is not left to SQLite, whose commit would hold up every other request until the disk has answered. A commit
 * here only writes to the log of changes (`catalog.db-wal`). That is then flushed in the background, and until it is,
 * nobody is told of the commit and nobody sees it: the reader stays at what was durable before.
 */
class Sqlite implements Engine {
  readonly types = DIALECT.types;
  readonly bulk = DIALECT.bulk;
  readonly using = DIALECT.using;
  readonly like = DIALECT.like;
  readonly sees = DIALECT.sees;
  readonly announce = DIALECT.announce;
  readonly listen = DIALECT.listen;
  readonly parts = DIALECT.parts;
  readonly #guard: Database.Database;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #log: FileHandle;
  readonly #jobs: Job[] = [];
  #draining: Promise<void> | undefined;
  #flushFailure: unknown;

  private constructor(parts: Opened) {
    ({ guard: this.#guard, writer: this.#writer, reader: this.#reader, log: this.#log } = parts);
  }

  static async open(path: string, guard: Database.Database): Promise<Sqlite> {
    using opened = new DisposableStack();
    const writer = opened.use(new Connection(path, { flushes: false }));
    const reader = opened.use(new Connection(path));
    // SQLite makes the log when it first reads, and keeps it as long as anyone has the database open.
    reader.exec(TOUCH);
    const log = await open(`${path}-wal`, "r+");
    opened.move();
    return new Sqlite({ guard, writer, reader, log });
  }

  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    this.#holdView();
    return this.#reader.all(sql, values);
  }

  run(sql: string, values?: readonly Value[]): Promise<number> {
    return this.transaction((tx) => tx.run(sql, values));
  }

  /**
   * Transactions run one after the other. Those that wait at the same time are committed by one `commit`, each in a
   * savepoint of its own: one flush to disk serves them all, and one that fails takes nothing of the others along.
   */
  transaction<T>(change: (tx: Queryable) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let outcome: () => void;
      this.#jobs.push({
        run: async () => {
          const result = await savepoint(this.#writer, change);
          outcome = () => (result.ok ? resolve(result.value) : reject(result.error));
        },
        settle: (failure) => (failure === undefined ? outcome() : reject(failure)),
      });
      this.#draining ??= this.#drain();
    });
  }

  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T> {
    return read(this);
  }

  lock(): Promise<void> {
    return Promise.resolve();
  }

  async #drain(): Promise<void> {
    while (this.#jobs.length > 0) {
      // One turn of the event loop: requests that have arrived by now join this group.
      await new Promise(setImmediate);
      await this.#commitGroup(this.#jobs.splice(0, GROUP_MAX));
    }
    this.#draining = undefined;
  }

  async #commitGroup(group: readonly Job[]): Promise<void> {
    let failure = this.#flushFailure;
    try {
      if (failure === undefined) await this.#commit(group);
    } catch (error) {
      failure = error;
      this.#writer.rollback();
    }
    // Before anyone is told: who is may read at once, and hold a view again.
    this.#checkpoint();
    for (const job of group) job.settle(failure);
  }

  async #commit(group: readonly Job[]): Promise<void> {
    this.#writer.exec("begin immediate");
    for (const job of group) await job.run();
    this.#holdView();
    this.#writer.exec("commit");
    await this.#flush();
    this.#reader.exec("commit");
  }

  /** Not left to SQLite either: at its own commits the reader holds a view, and the log would never begin anew. */
  #checkpoint(): void {
    if (this.#reader.inTransaction || this.#writer.rowsChanged < CHECKPOINT_ROWS) return;
    this.#writer.rowsChanged = 0;
    try {
      this.#writer.exec("pragma wal_checkpoint(passive)");
    } catch {
      // Nothing is lost while the log has it. The next one carries over more.
    }
  }

  /**
   * After a failure the system no longer knows which bytes are on the disk, and would call the next attempt a success.
   * So nothing is written any more, and nothing that might be lost is shown: a restart reads what is really there.
   */
  async #flush(): Promise<void> {
    try {
      await this.#log.datasync();
    } catch (error) {
      const message =
        "The disk failed to keep the catalog's latest changes. Mend it, then restart the server.";
      this.#flushFailure = new RegistryError("UNAVAILABLE", message, { cause: error });
      throw this.#flushFailure;
    }
  }

  /** From here on the reader sees the present state and none that comes, until it is released. */
  #holdView(): void {
    if (this.#reader.inTransaction) return;
    this.#reader.exec("begin");
    this.#reader.exec(TOUCH);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#draining) await this.#draining;
    this.#reader[Symbol.dispose]();
    this.#writer[Symbol.dispose]();
    await this.#log.close();
    this.#guard.close();
  }
}

type Opened = {
  readonly guard: Database.Database;
  readonly writer: Connection;
  readonly reader: Connection;
  readonly log: FileHandle;
};

/** The cheapest statement that reads. */
const TOUCH = "select 1 from sqlite_schema limit 1";
type Result<T> = { ok: true; value: T } | { ok: false; error: unknown };

async function savepoint<T>(
  connection: Connection,
  change: (tx: Queryable) => Promise<T>,
): Promise<Result<T>> {
  connection.exec("savepoint change");
  try {
    const value = await change(connection);
    connection.exec("release change");
    return { ok: true, value };
  } catch (error) {
    // A full disk rolls everything back by itself: then the savepoint is gone, and so is the whole group.
    if (!connection.inTransaction) throw error;
    connection.exec("rollback to change");
    connection.exec("release change");
    return { ok: false, error };
  }
}

/**
 * Holds a lock that the operating system drops when the process ends, however it ends: an exclusive transaction on a
 * database of its own. Locking `catalog.db` itself would keep our own second connection out.
 */
export function lockFolder(folder: string): Database.Database {
  const guard = new Database(join(folder, "catalog.lock"), { timeout: 0 });
  try {
    guard.exec("begin exclusive");
    return guard;
  } catch (error) {
    guard.close();
    if (codeOf(error) !== "SQLITE_BUSY") throw error;
    throw new RegistryError(
      "CATALOG_LOCKED",
      `Another Supercargo uses the data folder ${folder}. Stop it first, choose another folder with --data, ` +
        `or run several nodes on PostgreSQL with --catalog postgres://…`,
      { cause: error },
    );
  }
}

function unusable(folder: string, cause: unknown): RegistryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RegistryError(
    "DATA_UNUSABLE",
    `The data folder ${folder} cannot be used: ${reason}. Make it a folder this user may write, or choose another with --data.`,
    { cause },
  );
}
