import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesGlob } from "./glob.ts";

test("a pattern matches what the same regular expression matches", () => {
  const text = fc.stringMatching(/^[ab.]{0,8}$/);
  const pattern = fc.stringMatching(/^[ab.*?]{0,8}$/);
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const source = glob
        .replaceAll(".", String.raw`\.`)
        .replaceAll("*", ".*")
        .replaceAll("?", ".");
      assert.equal(matchesGlob(glob, name), new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 1000 },
  );
});

test("a pattern of many stars does not take for ever", () => {
  assert.equal(matchesGlob(`${"*a".repeat(100)}b`, "a".repeat(10_000)), false);
});
