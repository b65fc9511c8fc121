import Database from "better-sqlite3";
import { totalmem } from "node:os";
import { RegistryError } from "../errors.ts";
import type { Queryable, Value } from "./engine.ts";
import { seesIn } from "./sqlite-views.ts";

/** Compiled statements kept per connection; one more, and all are compiled anew. */
const STATEMENTS_MAX = 500;
/** Memory for database pages, in KiB: of a connection that writes, and within what bounds of the one that answers who reads. */
const PAGE_CACHE_KIB = { writing: 16_384, answeringLeast: 65_536, answeringMost: 262_144 } as const;
/** What part of the machine's memory the pages of the one that answers may take. */
const PAGE_CACHE_SHARE = 1 / 64;

/**
 * Parameters that SQLite looks at to plan a statement: how many rows are asked for, and what a column is to be equal to where
 * the rows are ordered. It compiles the statement anew each time these are bound, which was a quarter of what a page of
 * manifests takes. There is nothing to learn: which index to use is said. At an expression it does not look.
 */
const LOOKED_AT = /(=|\blimit) \?/g;

/** One database connection with its compiled statements. Its calls block: each is a few microseconds, save commits. */
export class Connection implements Queryable, Disposable {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  /** Only `exec` and failures change it, and to ask the database takes as long as a small query. */
  #inTransaction = false;

  /** By this connection. */
  rowsChanged = 0;

  /**
   * Unless it `flushes`, a commit returns before it is durable, and the log is never begun anew by itself. Unless it
   * `survives`, a crash leaves nothing of use.
   */
  constructor(path: string, { readonly = false, answers = false, flushes = true, survives = true } = {}) {
    this.#database = new Database(path, { readonly });
    if (!readonly) this.#database.pragma(`journal_mode = ${survives ? "wal" : "delete"}`);
    this.#database.pragma(`synchronous = ${!survives ? "off" : flushes ? "full" : "normal"}`);
    if (!flushes) this.#database.pragma("wal_autocheckpoint = 0");
    // Journals of savepoints would be files, made and deleted with every write.
    this.#database.pragma("temp_store = memory");
    this.#database.pragma(`cache_size = -${answers ? answeringKib(memoryBytes()) : PAGE_CACHE_KIB.writing}`);
    this.#database.function("sees", { deterministic: true }, seesIn);
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  exec(sql: string): void {
    this.#call(sql, (statement) => (statement.reader ? statement.get() : statement.run()));
    this.#inTransaction = this.#database.inTransaction;
  }

  async all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.#call(sql, (statement) => {
      const rows = statement.all(...values) as Row[];
      // A change that returns its rows.
      if (!statement.readonly) this.rowsChanged += rows.length;
      return rows;
    });
  }

  async run(sql: string, values: readonly Value[] = []): Promise<number> {
    const { changes } = this.#call(sql, (statement) => statement.run(...values));
    this.rowsChanged += changes;
    return changes;
  }

  /** Never throws: what led here is the failure to report, and a transaction that stays open fails the next `begin`. */
  rollback(): void {
    try {
      if (this.#database.inTransaction) this.#database.exec("rollback");
    } catch {
      // See above.
    }
    this.#inTransaction = this.#database.inTransaction;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #call<T>(sql: string, call: (statement: Database.Statement) => T): T {
    try {
      return call(this.#prepared(sql));
    } catch (error) {
      this.#inTransaction = this.#database.inTransaction;
      throw translate(error);
    }
  }

  #prepared(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#database.prepare(sql.replace(LOOKED_AT, "$1 +?"));
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * KiB of pages to keep on a machine with so much memory, as they are needed. The rows of a page may lie in a hundred pieces
 * of a table: to have these again from the system took a third of a page by label, in the order of size.
 */
export function answeringKib(memory: number): number {
  const share = Math.floor((memory * PAGE_CACHE_SHARE) / 1_024);
  return Math.min(Math.max(share, PAGE_CACHE_KIB.answeringLeast), PAGE_CACHE_KIB.answeringMost);
}

/** The memory that this process may have: the machine's, or less where it is limited. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
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

/** SQLite's name of an error, such as `SQLITE_BUSY`; undefined if it is not SQLite's. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}
