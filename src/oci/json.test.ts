import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { isJsonObject, JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_VALUES_MAX, parseJson } from "./json.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseJson(encode(text));
const refusal = (message: RegExp) => ({ name: "RegistryError", code: "MANIFEST_INVALID", message });
const escaped = (text: string) =>
  text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const manyValues = (count: number) => `[${"0,".repeat(count - 2)}0]`;
const manyKeys = (count: number) =>
  `[${Array.from({ length: count }, (_, at) => `{"k${at}": 0}`).join(",")}]`;

function outcome(read: (text: string) => unknown, text: string): { value?: unknown; error?: unknown } {
  try {
    return { value: read(text) };
  } catch (error) {
    return { error };
  }
}

describe("agreement with JSON.parse", () => {
  test("what JSON.stringify writes is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }),
        fc.constantFrom("", "\t", "  "),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space);
          assert.deepEqual(parse(text), JSON.parse(text));
        },
      ),
    );
  });

  test("what is not JSON is refused, and what is accepted means the same to both", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"a"',
      '"b"',
      '"\\"',
      "1",
      "-",
      "null",
      "\\",
      " ",
      '"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const [ours, theirs] = [outcome(parse, text), outcome(JSON.parse, text)];
        if (ours.error === undefined) return assert.deepEqual(ours, theirs);
        assert.ok(ours.error instanceof RegistryError);
        if (theirs.error === undefined) assert.match(ours.error.message, /a second time/);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("keys", () => {
  test("an object is refused exactly if a key is in it twice, however the keys are written", () => {
    const key = fc.record({
      name: fc.constantFrom("a", "b", "é", "__proto__", "", '"'),
      escape: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 5 }), (keys) => {
        const members = keys.map(
          ({ name, escape }) => `${escape ? `"${escaped(name)}"` : JSON.stringify(name)}: [{}]`,
        );
        const read = () => parse(`{"outer": {${members.join(",")}}}`);
        const names = keys.map(({ name }) => name);
        if (new Set(names).size < names.length)
          assert.throws(read, refusal(/a second time in one object, at character/));
        else assert.deepEqual(Object.keys((read() as { outer: object }).outer).toSorted(), names.toSorted());
      }),
    );
  });

  test("the same key in different objects is no repetition", () => {
    assert.deepEqual(parse('{"a": {"a": [{"a": 1}, {"a": 2}], "b": "a"}, "b": ":"}'), {
      a: { a: [{ a: 1 }, { a: 2 }], b: "a" },
      b: ":",
    });
  });

  test("a key is looked for again after an object inside has ended", () => {
    assert.throws(() => parse('{"a": {"b": {"c": 1}}, "a": 2}'), refusal(/key "a" .* at character 24/));
  });

  test("__proto__ is a key like any other and changes no prototype", () => {
    const value = parse('{"__proto__": {"admin": true}, "constructor": 1}');
    assert.ok(isJsonObject(value));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
    assert.equal(value["admin"], undefined);
    assert.equal(({} as Record<string, unknown>)["admin"], undefined);
  });
});

describe("text", () => {
  test("a string in escapes is accepted exactly if it holds no half of a surrogate pair", () => {
    const unit = fc.oneof(fc.nat(0xffff), fc.constantFrom(0xd800, 0xdbff, 0xdc00, 0xdfff, 0x5c, 0x22));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), fc.boolean(), (units, upper) => {
        const text = String.fromCharCode(...units);
        const written = upper
          ? escaped(text).replaceAll(/[a-f]/g, (digit) => digit.toUpperCase())
          : escaped(text);
        const read = () => parse(`["${written}"]`);
        if (text.isWellFormed()) assert.deepEqual(read(), [text]);
        else assert.throws(read, refusal(/half of a surrogate pair, at character/));
      }),
      { numRuns: 1000 },
    );
  });

  test("an escaped backslash before ud800 begins no surrogate", () => {
    assert.deepEqual(parse(String.raw`["\\ud800", "\\\"\\", "x"]`), [
      String.raw`\ud800`,
      String.raw`\"` + "\\",
      "x",
    ]);
  });

  for (const [name, bytes] of [
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ["a broken UTF-8 sequence", [0x22, 0xc3, 0x22]],
    ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["UTF-16", [0x7b, 0x00, 0x7d, 0x00]],
    ["a NUL at its end", [0x7b, 0x7d, 0x00]],
    ["nothing in it", []],
  ] as const) {
    test(`a document with ${name} is refused`, () => {
      assert.throws(() => parseJson(Uint8Array.from(bytes)), refusal(/not JSON|UTF-8/));
    });
  }

  test("no message carries a control character from the document to a terminal", () => {
    for (const text of ['{"a": \u001b[31m}', "\u009b", '{"\u009b": 1, "\u009b": 2}', "\u202e"]) {
      assert.throws(
        () => parse(text),
        (error) => error instanceof RegistryError && !/\p{C}/u.test(error.message),
      );
    }
  });
});

test("only an object is an object", () => {
  for (const text of ["[]", "null", "1", '"{}"', "true"])
    assert.equal(isJsonObject(parse(text)), false, text);
  assert.equal(isJsonObject(parse("{}")), true);
});

describe("limits", () => {
  test("64 levels are read, and the 65th is refused before anything is built", () => {
    assert.ok(parse(nested(JSON_DEPTH_MAX)));
    assert.throws(() => parse(nested(JSON_DEPTH_MAX + 1)), refusal(/deeper than 64 levels, at character 64/));
    assert.throws(() => parse('{"a":'.repeat(1_000_000)), refusal(/deeper than 64 levels/));
    assert.throws(() => parseJson(encode("[[]]"), { depth: 1 }), refusal(/deeper than 1 levels/));
  });

  test("brackets within strings do not nest", () => {
    assert.deepEqual(parse(`"${"[{".repeat(100)}"`), "[{".repeat(100));
  });

  test("as many values as are allowed are read, and one more is refused", () => {
    assert.ok(parse(manyValues(JSON_VALUES_MAX)));
    assert.throws(() => parse(manyValues(JSON_VALUES_MAX + 1)), refusal(/more than 300000 values/));
    assert.throws(() => parse("[]".repeat(JSON_VALUES_MAX + 1)), refusal(/more than 300000 values/));
  });

  test("as many different keys as are allowed are read, and one more is refused", () => {
    assert.ok(parse(manyKeys(JSON_KEYS_MAX)));
    assert.throws(() => parse(manyKeys(JSON_KEYS_MAX + 1)), refusal(/more than 10000 different keys/));
  });

  test("a number beyond doubles is infinite, and so no integer that anyone would take", () => {
    assert.deepEqual(parse(`[1e999, ${"9".repeat(400)}, 9007199254740993]`), [
      Infinity,
      Infinity,
      9007199254740992,
    ]);
  });
});
