import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { openCatalog } from "../../src/catalog/sql-catalog.ts";
import { openPostgres } from "../../src/catalog/postgres.ts";
import type { Catalog, Revision } from "../../src/catalog/catalog.ts";
import { RegistryError } from "../../src/errors.ts";
import { Tail } from "../../src/registry/tail.ts";
import { watch } from "../../src/registry/watch.ts";
import { borrowed } from "../contract/catalog/place.ts";
import { manifest, push } from "../contract/catalog/samples.ts";
import { startPostgres } from "../support/postgres.ts";

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

/** Follows a node until it has been told of a revision; gives what it was told. While the database is away, it tries again. */
async function told(catalog: Catalog, until: Revision): Promise<number[]> {
  using tail = new Tail(catalog);
  const seen: number[] = [];
  while (seen.at(-1) !== until) {
    await follow(tail, seen, until).catch(async (error: unknown) => {
      if (!(error instanceof RegistryError && error.code === "UNAVAILABLE")) throw error;
      await setImmediate();
    });
  }
  return seen;
}

async function follow(tail: Tail, seen: number[], until: Revision): Promise<void> {
  const { signal } = new AbortController();
  const from = seen.at(-1) ?? 0;
  for await (const notice of watch(tail, {
    from,
    selector: {},
    sight: () => undefined,
    beatMs: 60_000,
    signal,
  })) {
    if (notice.kind === "events") seen.push(...notice.events.map(({ revision }) => revision));
    if (seen.at(-1) === until) return;
  }
}

describe("two nodes on one database", () => {
  test("tell their watchers what was pushed at the other", async () => {
    const url = await postgres.createDatabase();
    await using one = await openCatalog(await openPostgres(url));
    await using other = await openCatalog(await openPostgres(url));
    const seen = told(other, 9);
    for (const n of [1, 2, 3])
      await push(one, { repository: `r${n}` as never, content: manifest(`${n}`), tags: ["v1" as never] });
    assert.deepEqual(await seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("do so when every hint gets lost", async () => {
    const url = await postgres.createDatabase();
    const deaf = await openPostgres(url);
    await using _ = deaf;
    await using one = await openCatalog(await openPostgres(url));
    await using other = await openCatalog(borrowed(deaf, { listen: () => ({ [Symbol.dispose]() {} }) }));
    const seen = told(other, 3);
    await push(one, { content: manifest("a"), tags: ["v1" as never] });
    assert.deepEqual(await seen, [1, 2, 3]);
  });

  test("lose nothing when the one that was pushed to is gone, and when the database was away", async () => {
    const url = await postgres.createDatabase();
    await using other = await openCatalog(await openPostgres(url));
    const seen = told(other, 6);
    {
      await using one = await openCatalog(await openPostgres(url));
      await push(one, { content: manifest("a"), tags: ["v1" as never] });
    }
    await postgres.stop();
    await postgres.start();
    await using again = await openCatalog(await openPostgres(url));
    await push(again, { repository: "later" as never, content: manifest("b"), tags: ["v1" as never] });
    assert.deepEqual(await seen, [1, 2, 3, 4, 5, 6]);
  });
});
