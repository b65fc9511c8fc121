import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

test("challenges are read one by one, however they were joined", () => {
  assert.deepEqual(
    parseChallenges(
      'Bearer realm="https://a/token?x=1,2",service=reg,scope="repository:a:pull,push", basic Realm="b\\"c"',
    ),
    [
      {
        scheme: "bearer",
        params: { realm: "https://a/token?x=1,2", service: "reg", scope: "repository:a:pull,push" },
      },
      { scheme: "basic", params: { realm: 'b"c' } },
    ],
  );
  assert.deepEqual(parseChallenges("Negotiate, Basic"), [
    { scheme: "negotiate", params: {} },
    { scheme: "basic", params: {} },
  ]);
  assert.deepEqual(parseChallenges(""), []);
});

test("what is written as a challenge is read as it was, whatever its values", () => {
  const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/);
  const params = fc.dictionary(token, fc.string(), { minKeys: 1, noNullPrototype: true });
  const challenge = fc.record({ scheme: token, params }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(challenge), (challenges) => {
      const lines = challenges.map(({ scheme, params: all }) => {
        const pairs = Object.entries(all).map(
          ([name, value]) => `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
        );
        return `${scheme} ${pairs.join(", ")}`;
      });
      assert.deepEqual(parseChallenges(lines.join(", ")), challenges);
    }),
  );
});

test("anything else is read as far as it goes, and never throws", () => {
  fc.assert(fc.property(fc.string(), (header) => assert.ok(Array.isArray(parseChallenges(header)))));
});
