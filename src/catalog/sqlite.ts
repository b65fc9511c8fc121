import Database from "better-sqlite3";
import { mkdirSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { Checkpoints } from "./sqlite-checkpoint.ts";
import { DIALECT } from "./sqlite-dialect.ts";
import { unusable } from "./sqlite-reader.ts";
import { codeOf, Connection } from "./sqlite-connection.ts";

/** Transactions committed together at the most. Bounds how long the first of them waits for the last. */
const GROUP_MAX = 64;
/** Rows changed until the log of changes is carried over into the database and begun anew: some 10 MB of it. */
const CHECKPOINT_ROWS = 4_000;
/** Rows changed until writers wait for that, so that the log stays small however fast they are. */
const CHECKPOINT_ROWS_MAX = 4_500;

/** A transaction that waits for its turn. `run` may be called again, after a rollback. */
type Job = { run(): Promise<void>; fail(error: unknown): void; settle(failure?: unknown): void };

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
 * Durability is not left to SQLite, whose commit would hold up every other request until the disk has answered. A commit
 * here only writes to the log of changes (`catalog.db-wal`). That is then flushed in the background, and until it is,
 * nobody is told of the commit and nobody sees it: the reader stays at what was durable before.
 */
class Sqlite implements Engine {
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
  readonly #guard: Database.Database;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #log: FileHandle;
  readonly #checkpoints: Checkpoints;
  readonly #jobs: Job[] = [];
  /** What transactions that have run leave until no other one follows that is committed with them. */
  #rests: (() => Promise<void>)[] = [];
  #draining: Promise<void> | undefined;
  #state = {};
  /** Under way since enough has changed: carrying over most of the log of changes. */
  #carrying: { readonly done: Promise<void>; isDone: boolean } | undefined;
  #flushFailure: unknown;

  private constructor(parts: Opened) {
    ({ guard: this.#guard, writer: this.#writer, reader: this.#reader, log: this.#log } = parts);
    this.#checkpoints = new Checkpoints(parts.path);
  }

  static async open(path: string, guard: Database.Database): Promise<Sqlite> {
    using opened = new DisposableStack();
    const writer = opened.use(new Connection(path, { flushes: false }));
    const reader = opened.use(new Connection(path, { answers: true }));
    // SQLite makes the log when it first reads, and keeps it as long as anyone has the database open.
    reader.exec(TOUCH);
    const log = await open(`${path}-wal`, "r+");
    opened.move();
    return new Sqlite({ path, guard, writer, reader, log });
  }

  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    this.#holdView();
    return this.#reader.all(sql, values);
  }

  run(sql: string, values?: readonly Value[]): Promise<number> {
    return this.transaction((tx) => tx.run(sql, values));
  }

  /**
   * Transactions run one after the other. Those that wait at the same time are committed by one `commit`: one flush to
   * disk serves them all. One that fails takes nothing of the others along.
   */
  transaction<T>(change: (tx: Queryable) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let outcome: () => void;
      this.#jobs.push({
        run: async () => {
          const value = await change(this.#writer);
          outcome = () => resolve(value);
        },
        fail: (error) => {
          outcome = () => reject(error);
        },
        settle: (failure) => (failure === undefined ? outcome() : reject(failure)),
      });
      this.#draining ??= this.#drain();
    });
  }

  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T> {
    return read(this);
  }

  state(): object {
    return this.#holdView();
  }

  lock(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * An index of texts gathers what is new, and writes it out when a statement of several rows follows: that once for each
   * push took a twentieth of it.
   */
  last(_tx: Queryable, rest: () => Promise<void>): Promise<void> {
    this.#rests.push(rest);
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
    for (const job of group) job.settle(failure);
    if (failure === undefined) await this.#checkpoint();
  }

  async #commit(group: readonly Job[]): Promise<void> {
    this.#writer.exec("begin immediate");
    if (!(await this.#ranAll(group))) {
      this.#writer.rollback();
      this.#writer.exec("begin immediate");
      for (const job of group) await this.#inSavepoint(job);
    }
    this.#holdView();
    this.#writer.exec("commit");
    await this.#flush();
    this.#reader.exec("commit");
  }

  /**
   * That no transaction of a group failed. Few ever do, so all run without savepoints first: at the end of each, the
   * indexes of search would write out what they have gathered, which took a tenth of a push.
   */
  async #ranAll(group: readonly Job[]): Promise<boolean> {
    try {
      await this.#run(group);
      return true;
    } catch {
      return false;
    }
  }

  /** Runs one transaction of a group so that it can be taken back without the others. */
  async #inSavepoint(job: Job): Promise<void> {
    const writer = this.#writer;
    writer.exec("savepoint change");
    try {
      await this.#run([job]);
      writer.exec("release change");
    } catch (error) {
      // A full disk rolls everything back by itself: then the savepoint is gone, and so is the whole group.
      if (!writer.inTransaction) throw error;
      writer.exec("rollback to change");
      writer.exec("release change");
      job.fail(error);
    }
  }

  async #run(jobs: readonly Job[]): Promise<void> {
    this.#rests = [];
    for (const job of jobs) await job.run();
    for (const rest of this.#rests) await rest();
  }

  /**
   * Not left to SQLite either, which would do it in this thread. The log can begin anew only when nothing is left to carry over.
   * So most of it goes first, while others write on, and what they wrote then follows, while they wait.
   */
  async #checkpoint(): Promise<void> {
    const { rowsChanged } = this.#writer;
    if (rowsChanged < CHECKPOINT_ROWS) return;
    this.#carrying ??= this.#carryOver();
    if (rowsChanged >= CHECKPOINT_ROWS_MAX) await this.#carrying.done;
    if (!this.#carrying.isDone) return;
    this.#carrying = undefined;
    // A reader that began at the same moment may have kept it from the last of the log: the next group tries again.
    if (await this.#checkpoints.run()) this.#writer.rowsChanged = 0;
    // Whoever began to read meanwhile reads the log, and would keep it from beginning anew. Nothing is being written.
    if (this.#reader.inTransaction) this.#reader.exec("commit");
  }

  #carryOver(): { readonly done: Promise<void>; isDone: boolean } {
    const done = this.#checkpoints.run().then(() => void (carrying.isDone = true));
    const carrying = { done, isDone: false };
    return carrying;
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
  #holdView(): object {
    if (this.#reader.inTransaction) return this.#state;
    this.#reader.exec("begin");
    this.#reader.exec(TOUCH);
    this.#state = {};
    return this.#state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#draining) await this.#draining;
    await this.#checkpoints[Symbol.asyncDispose]();
    this.#reader[Symbol.dispose]();
    this.#writer[Symbol.dispose]();
    await this.#log.close();
    this.#guard.close();
  }
}

type Opened = {
  readonly path: string;
  readonly guard: Database.Database;
  readonly writer: Connection;
  readonly reader: Connection;
  readonly log: FileHandle;
};

/** The cheapest statement that reads. */
const TOUCH = "select 1 from sqlite_schema limit 1";

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
