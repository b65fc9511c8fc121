import assert from "node:assert/strict";
import fc from "fast-check";
import { after, describe, test } from "node:test";
import { crawl, pushTags } from "../support/crawl.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

describe("paging while names go", () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/);
  const plan = fc.record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 30, selector: (text) => text.toLowerCase() }),
    n: fc.integer({ min: 1, max: 8 }),
    deletions: fc.array(fc.nat(), { maxLength: 15 }),
  });
  let round = 0;

  test("tags/list gives no name twice and every name that stayed, in order", () =>
    fc.assert(
      fc.asyncProperty(plan, async ({ names, n, deletions }) => {
        const pending = [...deletions];
        const repository = `property/tags${round++}`;
        await pushTags(host, repository, names);
        const gone = new Set<string>();
        const seen = await crawl(host, `/v2/${repository}/tags/list?n=${n}`, async () => {
          const victim = names[(pending.shift() ?? 0) % names.length];
          if (pending.length === 0 || victim === undefined || gone.has(victim)) return;
          gone.add(victim);
          await expectAnswer(host, `DELETE /v2/${repository}/manifests/${victim}`, { status: 202 });
        });
        assertComplete(seen, { names, gone });
      }),
      { numRuns: 20 },
    ));

  test("_catalog gives no name twice and every name that stayed, in order", () =>
    fc.assert(
      fc.asyncProperty(plan, async ({ names: texts, n, deletions }) => {
        const pending = [...deletions];
        const space = `property/catalog${round++}`;
        const legal = texts.map((text) =>
          text
            .toLowerCase()
            .replaceAll(/[._-]+/g, "-")
            .replaceAll(/^-|-$/g, "0"),
        );
        const names = [...new Set(legal)].map((text) => `${space}/${text}`);
        for (const repository of names) await pushTags(host, repository, ["v1"]);
        const gone = new Set<string>();
        const seen = await crawl(host, `/v2/_catalog?n=${n}&last=${space}`, async () => {
          const victim = names[(pending.shift() ?? 0) % names.length];
          if (pending.length === 0 || victim === undefined || gone.has(victim)) return;
          gone.add(victim);
          await expectAnswer(host, `DELETE /v2/${victim}/_supercargo/repository`, { status: 202 });
        });
        assertComplete(
          seen.filter((repository) => repository.startsWith(`${space}/`)),
          { names, gone },
        );
      }),
      { numRuns: 10 },
    ));
});

function assertComplete(
  seen: readonly string[],
  { names, gone }: { names: readonly string[]; gone: ReadonlySet<string> },
): void {
  const sorted = [...new Set(seen)].toSorted((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(seen, sorted, "in order, none twice");
  assert.ok(
    seen.every((name) => names.includes(name)),
    "nothing else",
  );
  const missed = names.filter((name) => !gone.has(name) && !seen.includes(name));
  assert.deepEqual(missed, []);
}
