import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { keysInMemory } from "../../test/support/access.ts";
import { startPostgres } from "../../test/support/postgres.ts";
import { keysInFolder } from "../access/key-file.ts";
import { KEY_MS, Keys, SHOWN_MS, type KeyStore } from "../access/keys.ts";
import { Tokens } from "../access/token.ts";
import { openKeys } from "./keys.ts";
import { openPostgres } from "./postgres.ts";
import { openSqliteAccounts } from "./sqlite-accounts.ts";

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

/** Two views of the same, empty place. */
type Place = AsyncDisposable & { readonly one: KeyStore; readonly other: KeyStore };

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  memory: async () => {
    const store = keysInMemory();
    return { one: store, other: store, [Symbol.asyncDispose]: () => Promise.resolve() };
  },
  "a folder": async () => {
    const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-keys-"));
    return {
      one: keysInFolder(folder.path),
      other: keysInFolder(folder.path),
      [Symbol.asyncDispose]: async () => folder.remove(),
    };
  },
  SQLite: async () => {
    const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-keys-"));
    const database = openSqliteAccounts(folder.path);
    return {
      one: await openKeys(database),
      other: await openKeys(database),
      async [Symbol.asyncDispose]() {
        await database[Symbol.asyncDispose]();
        folder.remove();
      },
    };
  },
  PostgreSQL: async () => {
    const url = await postgres.createDatabase();
    const engines = [await openPostgres(url), await openPostgres(url)] as const;
    return {
      one: await openKeys(engines[0]),
      other: await openKeys(engines[1]),
      async [Symbol.asyncDispose]() {
        for (const engine of engines) await engine[Symbol.asyncDispose]();
      },
    };
  },
};

for (const [name, open] of Object.entries(PLACES)) {
  describe(`keys in ${name}`, () => {
    test("are shared by who has them open, also those that are made at the same time", async () => {
      await using place = await open();
      const clock = { now: new Date("2026-01-01T00:00:00Z") };
      const options = { now: () => clock.now };
      const one = await Keys.open(place.one, options);
      const other = await Keys.open(place.other, options);
      clock.now = new Date(clock.now.getTime() + KEY_MS - SHOWN_MS);
      await one.rotate();
      await other.rotate();
      clock.now = new Date(clock.now.getTime() + SHOWN_MS);
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const { token } = await new Tokens(from, options).issue({ user: "ann", groups: [] }, [], {
          groups: new Map(),
          rules: [],
        });
        assert.equal((await new Tokens(to, options).verify(token)).unscoped.user, "ann");
      }
      const stored = await place.one.read();
      const [first] = stored.toSorted((a, b) => a.created.getTime() - b.created.getTime());
      assert.ok(first && stored.length === 2, `${stored.length} keys, where each node knows of the other's`);
      assert.deepEqual(other.shown(), one.shown());
      await place.other.remove(first.kid);
      assert.equal((await place.one.read()).length, stored.length - 1);
    });
  });
}
