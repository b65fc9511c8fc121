import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Queryable } from "./engine.ts";
import { Connection } from "./sqlite-connection.ts";

/**
 * The database of accounts in a data folder: `accounts.db`, apart from the catalog, whose folder a running server keeps for
 * itself, so that accounts can be changed while it runs.
 */
export function openSqliteAccounts(folder: string): Queryable & AsyncDisposable {
  mkdirSync(folder, { recursive: true });
  const connection = new Connection(join(folder, "accounts.db"));
  return {
    all: (sql, values) => connection.all(sql, values),
    run: (sql, values) => connection.run(sql, values),
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
    },
  };
}
