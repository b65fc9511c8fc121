import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import pg from "pg";
import type { Command, Report } from "./postgres-server.ts";

/** A PostgreSQL server of one test's own, on a free port of the loopback interface, gone when the test process is. */
export type PostgresServer = AsyncDisposable & {
  /** Of the administrative database. */
  readonly url: string;
  /** Makes an empty database and gives its URL. */
  createDatabase(): Promise<string>;
  /** Ends all sessions and stops answering, as for a restart; the data stays. */
  stop(): Promise<void>;
  /** Answers again, where it did before. */
  start(): Promise<void>;
};

/** Starts a real PostgreSQL server with its data in a temporary folder. Takes a second or two. */
export async function startPostgres(): Promise<PostgresServer> {
  // Detached: an interrupt from the keyboard is for the test, whose end is what the server waits for.
  const server = fork(join(import.meta.dirname, "postgres-server.ts"), { detached: true });
  const failed = once(server, "exit").then(() => {
    throw new Error("PostgreSQL did not start, or ended before its test; see above for what it said.");
  });
  const report = async (): Promise<Report> => {
    const [message] = (await Promise.race([once(server, "message"), failed])) as [Report];
    return message;
  };
  const order = async (command: Command): Promise<void> => {
    server.send(command);
    await report();
  };

  const first = await report();
  if (!("url" in first)) throw new Error("PostgreSQL began with an answer to no question.");
  const { url } = first;
  let databases = 0;
  return {
    url,
    createDatabase: () => createDatabase(url, `test_${++databases}`),
    stop: () => order("stop"),
    start: () => order("start"),
    async [Symbol.asyncDispose]() {
      failed.catch(() => {});
      if (server.exitCode !== null) return;
      const exited = once(server, "exit");
      server.disconnect();
      await exited;
    },
  };
}

/** Makes an empty database on the server that an administrative URL names, and gives its own URL. */
export async function createDatabase(url: string, name: string): Promise<string> {
  await administer(url, `create database ${name}`);
  return new URL(name, url).href;
}

/** Has a database, by its name, be what another one is, which nobody has open. */
export async function copyDatabase(url: string, from: string, to: string): Promise<void> {
  await administer(url, `drop database if exists ${to} with (force)`);
  await administer(url, `create database ${to} template ${from}`);
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
