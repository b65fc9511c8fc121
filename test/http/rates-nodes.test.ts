import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openCounts } from "../../src/catalog/postgres-limits.ts";
import { RateLimits } from "../../src/http/rate-limits.ts";
import { startPostgres } from "../support/postgres.ts";

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

const RATES = { list: { calls: 5, seconds: 3_600 } };

/** How many calls pass, one at each limiter in turn. */
async function passed(limiters: readonly RateLimits[], caller: string, calls: number): Promise<number> {
  let count = 0;
  for (let n = 0; n < calls; n++) {
    const taken = limiters[n % limiters.length]?.take("list", caller);
    await taken?.then(
      () => count++,
      (error: { code: string }) => assert.equal(error.code, "TOOMANYREQUESTS"),
    );
  }
  return count;
}

describe("rates on several nodes", () => {
  test("are counted together, each caller for themselves", async () => {
    const url = await postgres.createDatabase();
    const opened = await Promise.all([openCounts(url), openCounts(url), openCounts(url)]);
    const nodes = opened.map((counts) => new RateLimits(RATES, counts));
    const long = "user ".padEnd(255, "x");
    assert.equal(await passed(nodes, "user ann", 12), 5);
    assert.equal(await passed(nodes, `${long}a`, 12), 5);
    assert.equal(await passed(nodes, `${long}b`, 12), 5);
    for (const counts of opened) await counts[Symbol.asyncDispose]();
  });

  test("are counted by each for itself while the database is away", async () => {
    const url = await postgres.createDatabase();
    await using counts = await openCounts(url);
    const node = new RateLimits(RATES, counts);
    await postgres.stop();
    assert.equal(await passed([node], "user ann", 12), 5);
    await postgres.start();
  });
});
