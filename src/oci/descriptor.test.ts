import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { parseDescriptor } from "./descriptor.ts";

const minimal = { mediaType: "application/x", digest: `sha256:${"a".repeat(64)}`, size: 7 };

test("a descriptor keeps all that image-spec defines and nothing else", () => {
  const full = {
    ...minimal,
    artifactType: "application/y",
    annotations: { "org.opencontainers.image.ref.name": "v1", empty: "", "line\nbreak": "ü" },
    urls: ["https://example.com/x"],
    data: "e30=",
  };
  const written = {
    ...full,
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
    extra: { size: -1 },
  };
  assert.deepEqual(parseDescriptor(written, "config"), {
    ...full,
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
  });
  assert.deepEqual(parseDescriptor(minimal, "config"), minimal);
});

test("an optional part that is null or that says nothing is the same as none", () => {
  const empty = { artifactType: null, annotations: null, platform: null, urls: null, data: null };
  assert.deepEqual(parseDescriptor({ ...minimal, ...empty }, "config"), minimal);
  assert.deepEqual(
    parseDescriptor({ ...minimal, artifactType: "", platform: { os: "linux" } }, "config"),
    minimal,
  );
});

test("a size is every whole number from 0 to 2^53-1", () => {
  for (const size of [0, 1, Number.MAX_SAFE_INTEGER]) {
    assert.equal(parseDescriptor({ ...minimal, size }, "config").size, size);
  }
  assert.equal(parseDescriptor({ ...minimal, size: -0 }, "config").size, 0);
});

describe("a descriptor is refused, with the place and the value, if", () => {
  for (const [field, value, shown] of [
    ["mediaType", undefined, "missing"],
    ["mediaType", "", '""'],
    ["mediaType", 3, "3"],
    ["mediaType", "a/b\r\nX: y", String.raw`"a/b\r\nX: y"`],
    ["mediaType", "a".repeat(256), `"${"a".repeat(80)}…"`],
    ["digest", undefined, "missing"],
    ["digest", "sha256:abc", "not valid"],
    ["digest", ["a:b"], "an array"],
    ["size", undefined, "missing"],
    ["size", -1, "-1"],
    ["size", 1.5, "1.5"],
    ["size", 2 ** 53, "9007199254740992"],
    ["size", Infinity, "Infinity"],
    ["size", "7", '"7"'],
    ["artifactType", 5, "5"],
    ["artifactType", "a\0", String.raw`"a\u0000"`],
    ["annotations", [], "an array"],
    ["annotations", { a: 1 }, "1"],
    ["annotations", { a: "b\0" }, String.raw`"b\u0000"`],
    ["annotations", { "a\0": "b" }, '"b"'],
    ["urls", "https://example.com", '"https://example.com"'],
    ["urls", [1], "an array"],
    ["data", {}, "an object"],
  ] as const) {
    test(`${field} is ${shown}`, () => {
      assert.throws(
        () => parseDescriptor({ ...minimal, [field]: value }, "layers[3]"),
        (error) =>
          error instanceof RegistryError &&
          error.code === "MANIFEST_INVALID" &&
          error.message.includes(`layers[3].${field}`) &&
          error.message.includes(shown),
      );
    });
  }
});

test("an annotation called __proto__ is an annotation", () => {
  const annotations = JSON.parse('{"__proto__": "x"}') as object;
  const parsed = parseDescriptor({ ...minimal, annotations }, "config").annotations;
  assert.deepEqual(Object.entries(parsed ?? {}), [["__proto__", "x"]]);
});

test("whatever value stands where a descriptor belongs, nothing but a RegistryError is thrown", () => {
  const nearly = fc.record(
    { mediaType: fc.jsonValue(), digest: fc.oneof(fc.jsonValue(), fc.constant("a:b")), size: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), nearly), (value) => {
      try {
        const { size } = parseDescriptor(value, "config");
        assert.ok(Number.isSafeInteger(size) && size >= 0);
      } catch (error) {
        assert.ok(error instanceof RegistryError);
        assert.equal(error.code, "MANIFEST_INVALID");
      }
    }),
  );
});
