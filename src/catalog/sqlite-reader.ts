import { join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { Connection } from "./sqlite-connection.ts";
import { DIALECT } from "./sqlite-dialect.ts";

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
  readonly again = DIALECT.again;
  readonly defers = DIALECT.defers;
  readonly nests = DIALECT.nests;
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

  last(): Promise<never> {
    return this.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
  }
}

/** The error for a folder that is no data folder, or may not be used as one. */
export function unusable(folder: string, cause: unknown): RegistryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RegistryError(
    "DATA_UNUSABLE",
    `The data folder ${folder} cannot be used: ${reason}. Make it a folder this user may write, or choose another with --data.`,
    { cause },
  );
}
