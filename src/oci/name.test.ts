import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NAME_BYTES_MAX, parseName } from "./name.ts";

/** The grammar as distribution-spec prints it. */
const SPECIFIED = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

test("exactly the names of the specification's grammar are accepted, and read back as they were", () => {
  const nearlyNames = fc.string({
    unit: fc.constantFrom("a", "0", "z", ".", "_", "-", "/", "A"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(nearlyNames, (text) => {
      if (SPECIFIED.test(text)) assert.equal(parseName(text), text);
      else assert.throws(() => parseName(text), { name: "RegistryError", code: "NAME_INVALID" });
    }),
    { numRuns: 2000 },
  );
});

for (const text of [
  "a",
  "library/debian",
  "a.b_c__d-e---f",
  "0/1/2",
  "a/tags/list",
  "x/blobs/uploads",
  "v2",
]) {
  test(`${text} is a repository name`, () => assert.equal(parseName(text), text));
}

for (const text of [
  "",
  "/a",
  "a/",
  "a//b",
  "A",
  "a___b",
  "a..b",
  "a._b",
  "-a",
  "a-",
  "_catalog",
  "a/_x",
  "..",
  "a/../b",
  "a\n",
  "a%2fb",
  "ü",
  "a\0",
]) {
  test(`${JSON.stringify(text)} is no repository name`, () => {
    assert.throws(() => parseName(text), { name: "RegistryError", code: "NAME_INVALID" });
  });
}

test("a name has at most 255 bytes", () => {
  assert.equal(parseName("a".repeat(NAME_BYTES_MAX)).length, 255);
  assert.throws(() => parseName("a".repeat(NAME_BYTES_MAX + 1)), {
    code: "NAME_INVALID",
    message: /255 bytes/,
  });
});

test("a name that would make a careless grammar backtrack for ever is refused like any other", () => {
  for (const text of [
    "a-".repeat(127),
    `${"-".repeat(254)}a`,
    `${"a/".repeat(127)}_`,
    "-".repeat(1_000_000),
  ]) {
    assert.throws(() => parseName(text), { code: "NAME_INVALID" });
  }
});
