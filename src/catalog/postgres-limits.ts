import pg from "pg";

/** Connections that counting calls may take. */
const CONNECTIONS_MAX = 4;
/** How long counting one call may take before it is counted in memory instead, in milliseconds. */
const QUERY_MS_MAX = 1_000;

/** Where nodes count calls together: as rate-limiter-flexible wants it. */
const TABLE = `create table if not exists rate_limit
  (key varchar(255) primary key, points integer not null default 0, expire bigint)`;

/** Where nodes count calls together, by connections of its own, so that counting never waits behind the catalog. */
export type Counts = AsyncDisposable & { readonly client: pg.Pool; readonly table: string };

/** Makes its table when it is not there. A database that is away is no failure: calls are counted in memory then. */
export async function openCounts(url: string): Promise<Counts> {
  const client = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: QUERY_MS_MAX,
    query_timeout: QUERY_MS_MAX,
  });
  // A connection that is lost while it is idle is made again when it is needed.
  client.on("error", () => {});
  const make = (): Promise<unknown> => client.query(TABLE);
  // Of two that make it at the same moment one fails.
  await make()
    .catch(make)
    .catch(() => undefined);
  return { client, table: "rate_limit", [Symbol.asyncDispose]: () => client.end() };
}
