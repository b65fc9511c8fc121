import pg from "pg";
import { RegistryError } from "../errors.ts";
import type { View } from "../oci/view.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { Hints } from "./postgres-hints.ts";
import type { Condition } from "./list-orders.ts";
import { POSTGRES_PARTS } from "./postgres-parts.ts";
import { seenIn } from "./postgres-views.ts";

/** Connections to the database a node holds at the most. */
const CONNECTIONS_MAX = 16;
/** How long a request waits for a connection, in milliseconds, before it is told to come back later. */
const CONNECT_TIMEOUT_MS = 5_000;
/** How long one statement of a snapshot may take, in milliseconds. */
const STATEMENT_MS_MAX = 1_000;
/** How often a transaction is tried when others get in its way. */
const ATTEMPTS_MAX = 10;

/** SQLSTATE codes after which the same transaction may succeed: serialization failure, deadlock. */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);
/** SQLSTATE classes that say the server is out of reach or out of something: connection, resources, operator intervention. */
const OUTAGES: readonly string[] = ["08", "53", "57"];
const DISK_FULL = "53100";
/** A statement of {@link Engine.snapshot} that has taken longer than it may. */
const STOPPED = "57014";
/** Names of the operating system's errors, such as ECONNREFUSED, unlike Node's own, such as ERR_INVALID_ARG_TYPE. */
const SYSTEM_ERROR = /^E[A-Z]+(?:_[A-Z]+)?$/;

/** Where nodes tell each other that the log has gone on. */
const CHANNEL = "supercargo_log";
const INT8_OID = 20;
/** Different statements that have a name at the most. */
const STATEMENTS_MAX = 500;

/**
 * A catalog database on PostgreSQL 15 or newer, which several nodes may share. `CATALOG_UNREACHABLE` when it does not
 * answer now; when it goes away later, calls fail with `UNAVAILABLE` until it is back.
 */
export async function openPostgres(url: string): Promise<Engine> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    keepAlive: true,
  });
  // A connection that breaks while idle is replaced on the next call, which reports what it meets.
  pool.on("error", () => {});
  try {
    await pool.query("select 1");
  } catch (error) {
    await pool.end();
    throw unreachable(error);
  }
  return new Postgres(pool, url);
}

/** Indexes of primary keys belong to their constraints. Plans depend on statistics, which would come by themselves later. */
const BULK = {
  indexes: `select indexname as name, indexdef as sql from pg_indexes
    where schemaname = current_schema() and indexname not like '%\\_pkey'`,
  settle: ["analyze"],
} as const;

const TYPES = {
  integer: "bigint",
  text: 'text collate "C"',
  bytes: "bytea",
  id: "bigint generated always as identity primary key",
} as const;

class Postgres implements Engine {
  readonly types = TYPES;
  readonly parts = POSTGRES_PARTS;
  readonly bulk = BULK;
  readonly using = (): string => "";
  // Where a row lies in the table changes with its pulls.
  readonly again = { column: "born", using: "" };
  readonly defers = false;
  readonly nests = true;
  readonly like = (text: string, glob: string): { sql: string; values: string[] } => ({
    sql: `${text} like ?`,
    values: [
      glob
        .replaceAll(/[%_\\]/g, "\\$&")
        .replaceAll("*", "%")
        .replaceAll("?", "_"),
    ],
  });
  readonly sees = (name: string, { ranges }: View): Condition => seenIn(name, ranges);
  readonly #pool: pg.Pool;
  readonly #url: string;

  constructor(pool: pg.Pool, url: string) {
    this.#pool = pool;
    this.#url = url;
  }

  async all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    return (await send(this.#pool, sql, values)).rows as Row[];
  }

  async run(sql: string, values?: readonly Value[]): Promise<number> {
    return (await send(this.#pool, sql, values)).rowCount ?? 0;
  }

  async transaction<T>(change: (tx: Queryable) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(change);
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !CONFLICTS.has(sqlState(error) ?? "")) throw error;
      }
    }
  }

  snapshot<T>(read: (database: Queryable) => Promise<T>): Promise<T> {
    return this.#attempt(async (database) => {
      await database.run(`set local statement_timeout = ${STATEMENT_MS_MAX}`);
      return read(database);
    }, "isolation level repeatable read, read only");
  }

  // Read committed because servers can be set to another: each statement has to see what was committed before it.
  async #attempt<T>(
    change: (tx: Queryable) => Promise<T>,
    mode = "isolation level read committed",
  ): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    // Without a listener, a connection that breaks between two queries would end the process.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on("error", onError);
    try {
      await send(client, `begin ${mode}`);
      const value = await change(new Connection(client));
      await send(client, "commit");
      return value;
    } catch (error) {
      await client.query("rollback").catch(onError);
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw translate(error);
    }
  }

  async lock(tx: Queryable, key: string): Promise<void> {
    await tx.all(`select pg_advisory_xact_lock(hashtextextended(?, 0))`, [key]);
  }

  last(_tx: Queryable, rest: () => Promise<void>): Promise<void> {
    return rest();
  }

  async announce(tx: Queryable): Promise<void> {
    await tx.all(`select pg_notify('${CHANNEL}', '')`);
  }

  listen(hint: () => void): Disposable {
    return new Hints(this.#url, CHANNEL, hint);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

class Connection implements Queryable {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async all<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    return (await send(this.#client, sql, values)).rows as Row[];
  }

  async run(sql: string, values?: readonly Value[]): Promise<number> {
    return (await send(this.#client, sql, values)).rowCount ?? 0;
  }
}

async function send(
  to: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly Value[] = [],
): Promise<pg.QueryResult> {
  try {
    return await to.query({ ...prepared(sql), values: values.map(bound) });
  } catch (error) {
    throw translate(error);
  }
}

const statements = new Map<string, { readonly name?: string; readonly text: string }>();

/** A statement with the driver's placeholders; it has a name, and so is parsed once per connection, unless there are many. */
function prepared(sql: string): { readonly name?: string; readonly text: string } {
  const known = statements.get(sql);
  if (known) return known;
  let position = 0;
  const text = sql.replaceAll("?", () => `$${++position}`);
  if (statements.size >= STATEMENTS_MAX) return { text };
  const statement = { name: `s${statements.size}`, text };
  statements.set(sql, statement);
  return statement;
}

function bound(value: Value): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** Revisions, sizes and times are 64-bit integers within the range that a JavaScript number holds exactly. */
const parserOf = (oid: number, format?: "text" | "binary"): unknown =>
  oid === INT8_OID ? Number : pg.types.getTypeParser(oid, format);

function translate(error: unknown): unknown {
  const state = sqlState(error);
  if (state === DISK_FULL) {
    return new RegistryError("STORAGE_FULL", "The disk that holds the catalog database is full.", {
      cause: error,
    });
  }
  if (error instanceof Error && error.message.includes("pg_trgm")) return withoutExtension(error);
  if (state === STOPPED) {
    const message = "The catalog database takes too long to find this. Ask for less, or try again later.";
    return new RegistryError("UNAVAILABLE", message, { cause: error });
  }
  const isOutage = state === undefined ? isConnectionLoss(error) : OUTAGES.includes(state.slice(0, 2));
  if (!isOutage) return error;
  return new RegistryError(
    "UNAVAILABLE",
    "The catalog database does not answer at the moment. Try again later.",
    {
      cause: error,
    },
  );
}

/** What failed without the server's word: the operating system says it by a code, the driver by its message alone. */
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") return SYSTEM_ERROR.test(error.code);
  return /connection|connect|timeout/i.test(error.message);
}

function withoutExtension(cause: Error): RegistryError {
  return new RegistryError(
    "DATA_UNUSABLE",
    `Search needs the extension pg_trgm in the catalog database: ${cause.message}. Install PostgreSQL's contrib ` +
      `package if it is not there, and let an administrator run "create extension pg_trgm" in that database.`,
    { cause },
  );
}

function unreachable(cause: unknown): RegistryError {
  const reason =
    cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return new RegistryError(
    "CATALOG_UNREACHABLE",
    `The catalog database does not answer: ${reason}. Check --catalog and whether PostgreSQL runs there.`,
    { cause },
  );
}

function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
