import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListKind } from "../../src/client/registry.ts";
import { ORDERS, SELECTOR_OPTIONS } from "../../src/commands/selector-options.ts";
import { PARAMETERS } from "../../src/registry/selector-parameters.ts";
import { readOrder } from "../../src/registry/selector.ts";
import { run } from "./run.ts";

const LISTS: readonly ListKind[] = ["repositories", "tags", "manifests", "namespaces"];

test("every part of a selector has an option on the lists that take it, and there is no other", () => {
  for (const list of LISTS) {
    const taken = Object.entries(PARAMETERS).filter(([, { lists }]) => lists.includes(list));
    const expected = taken.map(([name]) => name).filter((name) => list !== "namespaces" || name !== "under");
    const options = SELECTOR_OPTIONS.filter(({ lists }) => lists.includes(list));
    assert.deepEqual(new Set(options.map(({ parameter }) => parameter)), new Set(expected), list);
    for (const { parameter, repeated = false } of options) {
      assert.equal(repeated, PARAMETERS[parameter]?.mayRepeat ?? false, parameter);
    }
  }
});

test("every list can be put in the orders that the registry knows for it", () => {
  for (const list of LISTS) {
    for (const by of ORDERS[list]) assert.ok(readOrder(list, by, "asc"), `${list} by ${by}`);
  }
});

for (const command of [
  "repos",
  "namespaces",
  "tags",
  "manifests",
  "history",
  "search",
  "events",
  "completion",
]) {
  test(`${command} --help shows what to type`, async () => {
    const { code, out } = await run([command, "--help"]);
    assert.equal(code, 0);
    const [, examples = ""] = /\nExamples:\n([^]*)$/.exec(out) ?? [];
    assert.match(examples, new RegExp(`supercargo ${command} `));
  });
}

test("options that contradict or are no numbers are refused before anything is asked", async () => {
  for (const args of [
    ["--asc", "--desc"],
    ["--limit", "0"],
    ["--limit", "many"],
    ["--concurrency", "65"],
    ["--order-by", "colour"],
    ["--output", "xml"],
  ]) {
    const { code, out, err } = await run(["tags", "127.0.0.1:1", ...args]);
    assert.deepEqual([code, out], [2, ""], err);
  }
});
