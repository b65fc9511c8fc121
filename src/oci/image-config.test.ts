import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readImageConfig } from "./image-config.ts";

const read = (value: unknown) => readImageConfig(new TextEncoder().encode(JSON.stringify(value)));
const created = (text: unknown) => read({ created: text })?.created?.toISOString();

test("an image's config tells when it was built, its labels and its platform", () => {
  const config = {
    created: "2024-05-06T07:08:09.123456789Z",
    os: "linux",
    architecture: "arm64",
    variant: "v8",
    config: { Labels: { maintainer: "x", empty: "" }, Env: ["A=b"] },
    rootfs: { type: "layers", diff_ids: [] },
  };
  assert.deepEqual(read(config), {
    created: new Date("2024-05-06T07:08:09.123Z"),
    labels: { maintainer: "x", empty: "" },
    platform: { os: "linux", architecture: "arm64", variant: "v8" },
  });
});

test("a time counts in any zone, and not if it is none, was never set or needs a fifth digit for its year", () => {
  assert.equal(created("2024-01-01T00:00:00+02:00"), "2023-12-31T22:00:00.000Z");
  assert.equal(created("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000Z");
  for (const text of [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-01-01",
    "yesterday",
    "",
    1704067200,
    null,
  ]) {
    assert.equal(created(text), undefined, String(text));
  }
});

test("malformed parts are left out and the rest is kept", () => {
  assert.deepEqual(
    read({ os: "linux", created: 5, config: { Labels: { a: 1, b: "c", "d\0": "e", f: "\0" } } }),
    {
      labels: { b: "c" },
    },
  );
  for (const config of [null, [], "x", { Labels: null }, { Labels: ["a"] }]) {
    assert.deepEqual(read({ config, os: "linux", architecture: "amd64" }), {
      labels: {},
      platform: { os: "linux", architecture: "amd64" },
    });
  }
});

test("a label called __proto__ is a label", () => {
  const bytes = new TextEncoder().encode('{"config": {"Labels": {"__proto__": "x"}}}');
  assert.deepEqual(Object.entries(readImageConfig(bytes)?.labels ?? {}), [["__proto__", "x"]]);
});

test("what is no JSON object is no image's config", () => {
  for (const value of [[], null, 1, "x"]) assert.equal(read(value), undefined);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(readImageConfig(bytes), undefined);
    }),
  );
});

test("whatever JSON it is, reading it throws nothing", () => {
  const labels = fc.record({ Labels: fc.jsonValue() });
  const value = fc.record({
    created: fc.jsonValue(),
    os: fc.jsonValue(),
    config: fc.oneof(labels, fc.jsonValue()),
  });
  fc.assert(
    fc.property(value, (config) => {
      assert.ok(Object.values(read(config)?.labels ?? {}).every((label) => typeof label === "string"));
    }),
  );
});
