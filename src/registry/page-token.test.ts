import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Position } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { fingerprintOf, formatToken, readToken } from "./page-token.ts";

const NOW = new Date("2026-08-01T12:00:00Z");
const QUERY = fingerprintOf("/v2/_supercargo/tags", [["under", "team"]]);
const ALTERED = { name: "RegistryError", code: "PARAMETER_INVALID", message: /altered or cut off/ };
const OF_ANOTHER = { name: "RegistryError", code: "PARAMETER_INVALID", message: /another query/ };

const part = fc.oneof(fc.maxSafeNat(), fc.string({ unit: "grapheme-ascii", maxLength: 255 }));
const position = fc.tuple(part, part).chain(([a, b]) => fc.constantFrom<Position>([a], [a, b]));
const pairs = fc.array(fc.tuple(fc.constantFrom("under", "tag", "at", "label"), fc.string()), {
  maxLength: 4,
});

/** A token with a right checksum, as somebody who has read the source can make it. */
function forge(content: string): string {
  const signed = Buffer.concat([Buffer.from(QUERY, "hex"), Buffer.from(content)]);
  const checked = Buffer.concat([Buffer.from("supercargo page token 1"), signed]);
  return Buffer.concat([hash("sha256", checked, "buffer").subarray(0, 8), signed]).toString("base64url");
}

test("a token reads back, and has no character that a query has a use for", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.date({ min: new Date(0), noInvalidDate: true }),
      position,
      (revision, asOf, after) => {
        const token = formatToken({ revision, asOf, after, query: QUERY });
        assert.match(token, /^[A-Za-z0-9_-]+$/);
        assert.deepEqual(readToken(token, QUERY), { revision, asOf, after });
      },
    ),
  );
});

test("the token of the longest names is read", () => {
  const after = ["a".repeat(255), `b3:${"f".repeat(252)}`] as const;
  const token = formatToken({ revision: Number.MAX_SAFE_INTEGER, asOf: NOW, after, query: QUERY });
  assert.deepEqual(readToken(token, QUERY).after, after);
});

test("a token that was altered in any character, cut or lengthened is refused as such", () => {
  const letters = fc.constantFrom("A", "B", "a", "0", "-", "_", "=", "+", "/", " ", "\0", "é");
  fc.assert(
    fc.property(fc.nat(), letters, fc.constantFrom("replace", "insert", "cut"), (seed, letter, how) => {
      const token = formatToken({ revision: 4711, asOf: NOW, after: ["team/app", "v1.0"], query: QUERY });
      const at = seed % token.length;
      const rest = { replace: letter + token.slice(at + 1), insert: letter + token.slice(at), cut: "" }[how];
      const other = token.slice(0, at) + rest;
      fc.pre(other !== token);
      assert.throws(() => readToken(other, QUERY), ALTERED);
    }),
    { numRuns: 1000 },
  );
});

test("a token of another path or of other parameters is refused as such", () => {
  fc.assert(
    fc.property(pairs, pairs, (first, second) => {
      const [a, b] = [
        fingerprintOf("/v2/_supercargo/tags", first),
        fingerprintOf("/v2/_supercargo/tags", second),
      ];
      fc.pre(a !== b);
      const token = formatToken({ revision: 1, asOf: NOW, after: ["a"], query: a });
      assert.throws(() => readToken(token, b), OF_ANOTHER);
      assert.throws(() => readToken(token, fingerprintOf("/v2/app/_supercargo/tags", first)), OF_ANOTHER);
    }),
  );
});

test("queries are the same if their parameters are, in any order, without n, last, continue and empty ones", () => {
  fc.assert(
    fc.property(pairs, fc.string(), (params, text) => {
      const others = [
        ["n", text],
        ...params.toReversed(),
        ["continue", text],
        ["last", text],
        ["name", ""],
      ] as const;
      assert.equal(fingerprintOf("/p", others), fingerprintOf("/p", params));
    }),
  );
});

test("queries are told apart by every parameter's name, value and number of times", () => {
  const queries: (readonly (readonly [string, string])[])[] = [
    [],
    [["under", "a"]],
    [["under", "b"]],
    [["name", "a"]],
    [
      ["label", "a"],
      ["label", "a"],
    ],
    [["label", "a"]],
    [
      ["label", "a"],
      ["label", "b"],
    ],
    [["label", 'a","label","b']],
  ];
  assert.equal(new Set(queries.map((query) => fingerprintOf("/p", query))).size, queries.length);
});

const NO_CONTENTS =
  ' { {} null [] [1] [1,0] [1,0,"a","b","c"] ["1",0,"a"] [-1,0,"a"] [1,-1,"a"] [1,9e15,"a"] [1,0,1.5] [1,0,-1] ' +
  `[1,0,1e300] [1,0,null] [1,0,[]] [1,0,"\\u0000"] [1,0,"\\ud800"] [1,0,"${"a".repeat(256)}"]`;

for (const content of NO_CONTENTS.split(" ")) {
  test(`a token somebody made up of ${content.slice(0, 30)} is refused`, () => {
    assert.throws(() => readToken(forge(content), QUERY), ALTERED);
  });
}

for (const [orderBy, right, wrong] of [
  ["name", '[1,0,"a","b"]', '[1,0,"a",2]'],
  ["semver", '[1,0,"A1",2]', "[1,0,1,2]"],
  ["semver", '[1,0,"",3]', '[1,0,"A1","2"]'],
  ["size", "[1,0,5,2]", '[1,0,"5",2]'],
  ["size", "[1,0,5,2]", "[1,0,5]"],
  ["created", "[1,0,5]", "[1,0,5,2]"],
] as const) {
  test(`a position by ${orderBy} is ${right} and not ${wrong}`, () => {
    assert.equal(readToken(forge(right), QUERY, orderBy).revision, 1);
    assert.throws(() => readToken(forge(wrong), QUERY, orderBy), ALTERED);
  });
}

test("any text is read as a token or refused with one short line, in an error that names the parameter", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.base64String(),
    fc.constant("A".repeat(1_000_000)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      assert.throws(
        () => readToken(text, QUERY),
        (error) => {
          assert.ok(error instanceof RegistryError);
          assert.deepEqual(error.detail, { parameter: "continue" });
          return error.message.length < 400 && !/\p{C}/u.test(error.message);
        },
      );
    }),
  );
});
