import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { describeAccounts } from "../../test/contract/accounts.ts";
import { startPostgres } from "../../test/support/postgres.ts";
import { openAccounts } from "./accounts.ts";
import { openPostgres } from "./postgres.ts";
import { openSqliteAccounts } from "./sqlite-accounts.ts";

describeAccounts("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-accounts-"));
  const one = await openAccounts(openSqliteAccounts(folder));
  const other = await openAccounts(openSqliteAccounts(folder));
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

describeAccounts("PostgreSQL", async () => {
  const url = await postgres.createDatabase();
  const one = await openAccounts(await openPostgres(url));
  const other = await openAccounts(await openPostgres(url));
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
});
