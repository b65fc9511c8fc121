import type { View } from "../oci/view.ts";

/** What a parameter may be. Times are integers (milliseconds since 1970, UTC), truth is 0 or 1. */
export type Value = string | number | null | Uint8Array;

/** Runs SQL that both databases accept. Parameters are `?`, in order. */
export interface Queryable {
  all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]>;
  /** Resolves with the number of rows changed. */
  run(sql: string, values?: readonly Value[]): Promise<number>;
}

/** Column types whose names differ; migrations write them as `{integer}`. */
export type ColumnTypes = {
  /** 64 bits; as a primary key the cheapest the database has. */
  readonly integer: string;
  /** Text that sorts by its bytes. */
  readonly text: string;
  readonly bytes: string;
  /** A primary key of 64 bits that the database hands out, ever larger. */
  readonly id: string;
};

/** SQL with the values of its parameters. */
type Sql = { readonly sql: string; readonly values: readonly Value[] };

/** How a database finds texts by a part of them. */
export type Parts = {
  /** Statements that make an index for {@link Parts.find} over a table that has an `id` and a `value`, and rows already. */
  index(table: string): readonly string[];
  /** The condition that a text has a part in it. */
  within(text: string, part: string): Sql;
  /**
   * A query for the rows of an indexed table whose `value`, in lower case, has a part in it: those with the highest ids.
   * The part has three ASCII letters or digits in a row.
   */
  find(table: string, part: string, limit: number): Sql;
};

/**
 * All that differs between SQLite and PostgreSQL. Where code elsewhere would ask which database it runs on, a member
 * belongs here instead. Queries of the engine itself see what was committed when they began.
 */
export interface Engine extends Queryable, AsyncDisposable {
  readonly types: ColumnTypes;

  /**
   * For filling an empty database: a query for the `name` of every index that can be dropped and the `sql` that makes it
   * again, and statements to be run when all rows and indexes are there.
   */
  readonly bulk: { readonly indexes: string; readonly settle: readonly string[] };

  /** After a table's name: has it read by this index. Empty where the database finds that out from its statistics. */
  using(index: string): string;

  /**
   * By what current rows are read again at the revision they were found at, for the least: a number that no two of a table
   * share, save that namespaces may, and what to say after the table's name.
   */
  readonly again: { readonly column: string; readonly using: string };

  /** Whether the row that an index leads to is looked up only when something is read that the index does not have. */
  readonly defers: boolean;

  /** Whether a query of the first rows of another query reads those one after the other, and no more than it needs. */
  readonly nests: boolean;

  /** The condition that a text is like a glob, in which `*` is any text and `?` any one character. */
  like(text: string, glob: string): Sql;

  /** The condition that the name of a repository is in a view: looked up in it, however many parts it has. */
  sees(name: string, view: View): Sql;

  readonly parts: Parts;

  /**
   * Runs `change` in one transaction and resolves when it is durable; rolls back when it throws. `change` may run again
   * after a conflict with another transaction, and may be committed together with others.
   */
  transaction<T>(change: (tx: Queryable) => Promise<T>): Promise<T>;

  /**
   * Reads one state of the database, where it can hold one without writing. `UNAVAILABLE` when a statement takes longer
   * than a second or so, which is the reader's to make sure of where the database cannot be interrupted.
   */
  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T>;

  /**
   * What queries of the engine itself see by now: the same object as long as they see the same. Not there where another
   * process may change that.
   */
  state?(): object;

  /** Tells other nodes, when this transaction commits, that the log has gone on. */
  announce(tx: Queryable): Promise<void>;

  /** Calls back when another node may have announced something: late, twice, or never. Until it is disposed of. */
  listen(hint: () => void): Disposable;

  /**
   * Does the rest of a transaction: at once, or when those that are committed with it have run, where that is cheaper. It
   * reads and changes what nothing else in the transaction does. When it fails the transaction has failed.
   */
  last(tx: Queryable, rest: () => Promise<void>): Promise<void>;

  /** Waits until no other transaction holds `key`, and holds it until the end of this one. */
  lock(tx: Queryable, key: string): Promise<void>;
}
