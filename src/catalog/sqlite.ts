import Database from "better-sqlite3";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable, Value } from "./engine.ts";

/** Transactions committed together at the most. Bounds how long the first of them waits for the last. */
const GROUP_MAX = 64;
/** Compiled statements kept per connection; one more, and all are compiled anew. */
const STATEMENTS_MAX = 500;
/** Memory for database pages, in KiB, of each of the two connections. */
const PAGE_CACHE_KIB = 16_384;

const SQLITE_TYPES = { integer: "integer", text: "text", bytes: "blob" } as const;

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
      return new Sqlite(join(folder, "catalog.db"), guard);
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
  readonly types = SQLITE_TYPES;
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

  lock(): Promise<never> {
    return this.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }
}

class Sqlite implements Engine {
  readonly types = SQLITE_TYPES;
  readonly #guard: Database.Database;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #jobs: Job[] = [];
  #draining: Promise<void> | undefined;

  constructor(path: string, guard: Database.Database) {
    this.#guard = guard;
    this.#writer = new Connection(path);
    this.#reader = new Connection(path);
  }

  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
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
    let failure: unknown;
    try {
      this.#writer.exec("begin immediate");
      for (const job of group) await job.run();
      this.#writer.exec("commit");
    } catch (error) {
      failure = error;
      this.#writer.rollback();
    }
    for (const job of group) job.settle(failure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#draining) await this.#draining;
    this.#reader.close();
    this.#writer.close();
    this.#guard.close();
  }
}

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

/** One database connection with its compiled statements. Its calls block: each is a few microseconds, save commits. */
class Connection implements Queryable {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string, { readonly = false } = {}) {
    this.#database = new Database(path, { readonly });
    if (!readonly) this.#database.pragma("journal_mode = wal");
    this.#database.pragma("synchronous = full");
    this.#database.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  exec(sql: string): void {
    this.#call(sql, (statement) => statement.run());
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.#call(sql, (statement) => statement.all(...values)) as Row[];
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    return this.#call(sql, (statement) => statement.run(...values)).changes;
  }

  /** Never throws: what led here is the failure to report, and a transaction that stays open fails the next `begin`. */
  rollback(): void {
    try {
      if (this.#database.inTransaction) this.#database.exec("rollback");
    } catch {
      // See above.
    }
  }

  close(): void {
    this.#database.close();
  }

  #call<T>(sql: string, call: (statement: Database.Statement) => T): T {
    try {
      return call(this.#prepared(sql));
    } catch (error) {
      throw translate(error);
    }
  }

  #prepared(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Holds a lock that the operating system drops when the process ends, however it ends: an exclusive transaction on a
 * database of its own. Locking `catalog.db` itself would keep our own second connection out.
 */
function lockFolder(folder: string): Database.Database {
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

function translate(error: unknown): unknown {
  const code = codeOf(error);
  if (code === "SQLITE_FULL") {
    return new RegistryError(
      "STORAGE_FULL",
      "The disk that holds the catalog is full. Free some space, then try again.",
      {
        cause: error,
      },
    );
  }
  if (code?.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") {
    const message = "The file catalog.db is damaged. Stop the server, and restore it from a backup.";
    return new RegistryError("DATA_UNUSABLE", message, { cause: error });
  }
  if (code?.startsWith("SQLITE_IOERR") || code?.startsWith("SQLITE_READONLY")) {
    return new RegistryError("UNAVAILABLE", "The catalog cannot be written at the moment. Try again later.", {
      cause: error,
    });
  }
  return error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}
