import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPlatform, parsePlatform, readPlatform } from "./platform.ts";

test("a platform reads back from its short form", () => {
  const part = fc.stringMatching(/^[a-zA-Z0-9._-]{1,64}$/);
  fc.assert(
    fc.property(part, part, fc.option(part, { nil: undefined }), (os, architecture, variant) => {
      const platform = { os, architecture, ...(variant !== undefined && { variant }) };
      assert.deepEqual(parsePlatform(formatPlatform(platform)), platform);
    }),
  );
});

for (const text of [
  "",
  "linux",
  "linux/",
  "/amd64",
  "linux/arm64/",
  "linux/arm64/v8/x",
  "li nux/amd64",
  "linux//v8",
]) {
  test(`${JSON.stringify(text)} is no platform`, () => {
    assert.throws(() => parsePlatform(text), { name: "RegistryError", code: "PARAMETER_INVALID" });
  });
}

test("a platform in JSON has its version of the system too, which the short form leaves out", () => {
  const platform = readPlatform({
    os: "windows",
    architecture: "amd64",
    "os.version": "10.0.20348.1",
    features: ["x"],
  });
  assert.deepEqual(platform, { os: "windows", architecture: "amd64", osVersion: "10.0.20348.1" });
  assert.equal(formatPlatform(platform), "windows/amd64");
});

test("what does not name a system and an architecture is no platform, and malformed extras are left out", () => {
  for (const value of [
    undefined,
    null,
    1,
    "linux/amd64",
    [],
    {},
    { os: "linux" },
    { os: "", architecture: "x" },
  ]) {
    assert.equal(readPlatform(value), undefined);
  }
  assert.equal(readPlatform({ os: "a/b", architecture: "x" }), undefined);
  assert.deepEqual(readPlatform({ os: "linux", architecture: "arm", variant: 7, "os.version": "\0" }), {
    os: "linux",
    architecture: "arm",
  });
});

test("whatever JSON holds, a platform read from it has a short form that reads back", () => {
  const value = fc.record(
    { os: fc.string(), architecture: fc.string(), variant: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(value, (record) => {
      const platform = readPlatform(record);
      if (platform !== undefined) assert.deepEqual(parsePlatform(formatPlatform(platform)), platform);
    }),
  );
});
