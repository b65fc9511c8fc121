import assert from "node:assert/strict";
import fc from "fast-check";
import { after, describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { crawl, pushTags } from "../support/crawl.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { runs } from "../support/runs.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

describe("paging while names come and go", () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/);
  const plan = fc.record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 30, selector: (text) => text.toLowerCase() }),
    n: fc.integer({ min: 1, max: 8 }),
    changes: fc.array(fc.nat(), { maxLength: 15 }),
  });
  let round = 0;

  test("pages of tags/list that follow a Link show the tags as they were when the first was read", () =>
    fc.assert(
      fc.asyncProperty(plan, async ({ names, n, changes }) => {
        const repository = `property/tags${round++}`;
        await pushTags(host, repository, names);
        const change = changerOf(changes, {
          names,
          remove: (tag) => expectAnswer(host, `DELETE /v2/${repository}/manifests/${tag}`, { status: 202 }),
          add: (at) => pushManifest(host, `${repository}:New${at}`, manifestOf()),
        });
        const seen = await crawl(host, `/v2/${repository}/tags/list?n=${n}`, change);
        assert.deepEqual(seen, names.toSorted(bytewise));
      }),
      { numRuns: runs(20) },
    ));

  test("pages of _catalog that follow a Link show the repositories as they were when the first was read", () =>
    fc.assert(
      fc.asyncProperty(plan, async ({ names: texts, n, changes }) => {
        const space = `property/catalog${round++}`;
        const names = legalNames(texts).map((text) => `${space}/${text}`);
        for (const repository of names) await pushTags(host, repository, ["v1"]);
        const change = changerOf(changes, {
          names,
          remove: (victim) =>
            expectAnswer(host, `DELETE /v2/${victim}/_supercargo/repository`, { status: 202 }),
          add: (at) => pushManifest(host, `${space}/new${at}:v1`, manifestOf()),
        });
        const seen = await crawl(host, `/v2/_catalog?n=${n}&last=${space}`, change);
        assert.deepEqual(
          seen.filter((repository) => repository.startsWith(`${space}/`)),
          names.toSorted(bytewise),
        );
      }),
      { numRuns: runs(10) },
    ));

  test("pages that go on from last alone give no name twice and every name that stayed, in order", () =>
    fc.assert(
      fc.asyncProperty(plan, async ({ names, n, changes }) => {
        const repository = `property/last${round++}`;
        await pushTags(host, repository, names);
        const gone = new Set<string>();
        const change = changerOf(changes, {
          names,
          remove: (tag) => {
            gone.add(tag);
            return expectAnswer(host, `DELETE /v2/${repository}/manifests/${tag}`, { status: 202 });
          },
          add: async () => {},
        });
        const seen: string[] = [];
        for (let page: string[] = [""]; page.length > 0;) {
          const path = `/v2/${repository}/tags/list?n=${n}&last=${seen.at(-1) ?? ""}`;
          const { bytes } = await expectAnswer(host, `GET ${path}`, { status: 200 });
          page = (JSON.parse(bytes.toString()) as { tags: string[] }).tags;
          seen.push(...page);
          await change();
        }
        assert.deepEqual(seen, [...new Set(seen)].toSorted(bytewise), "in order, none twice");
        assert.ok(
          seen.every((tag) => names.includes(tag)),
          "nothing else",
        );
        const missed = names.filter((tag) => !gone.has(tag) && !seen.includes(tag));
        assert.deepEqual(missed, []);
      }),
      { numRuns: runs(20) },
    ));
});

type Changes = {
  readonly names: readonly string[];
  readonly remove: (name: string) => Promise<unknown>;
  readonly add: (at: number) => Promise<unknown>;
};

/** Makes one of the changes each time: takes away a name, and adds one that was not there. */
function changerOf(changes: readonly number[], { names, remove, add }: Changes): () => Promise<void> {
  const pending = [...changes];
  const left = new Set(names);
  return async () => {
    const change = pending.shift();
    if (change === undefined) return;
    const victim = names[change % names.length] ?? "";
    if (left.delete(victim)) await remove(victim);
    await add(pending.length);
  };
}

function legalNames(texts: readonly string[]): string[] {
  const legal = texts.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[._-]+/g, "-")
      .replaceAll(/^-|-$/g, "0"),
  );
  return [...new Set(legal)];
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
