import assert from "node:assert/strict";
import { test } from "node:test";
import { isMeant, meaningOf } from "./platform-meaning.ts";

/** What is asked for, what of this is meant, and what is not. */
const MEANT: readonly (readonly [asked: string, meant: readonly string[], others: readonly string[]])[] = [
  [
    "linux/arm64",
    ["linux/arm64", "linux/arm64/v8", "linux/arm64/v9"],
    ["linux/arm", "linux/arm64x", "windows/arm64"],
  ],
  ["linux/arm64/v8", ["linux/arm64/v8", "linux/arm64", "linux/arm64/8"], ["linux/arm64/v9", "linux/arm/v8"]],
  ["linux/arm64/v9", ["linux/arm64/v9"], ["linux/arm64", "linux/arm64/v8"]],
  ["linux/aarch64", ["linux/aarch64", "linux/arm64", "linux/arm64/v8"], ["linux/arm"]],
  ["linux/arm", ["linux/arm", "linux/arm/v6", "linux/arm/v7"], ["linux/arm64"]],
  ["linux/arm/v7", ["linux/arm/v7", "linux/arm", "linux/arm/7"], ["linux/arm/v6", "linux/arm64"]],
  ["linux/arm/7", ["linux/arm/v7", "linux/arm", "linux/arm/7"], ["linux/arm/v6"]],
  ["linux/arm/v6", ["linux/arm/v6", "linux/arm/6"], ["linux/arm", "linux/arm/v7"]],
  ["linux/armhf", ["linux/arm/v7", "linux/arm", "linux/armhf"], ["linux/arm/v6"]],
  ["linux/armel", ["linux/arm/v6"], ["linux/arm", "linux/arm/v7"]],
  ["linux/amd64", ["linux/amd64", "linux/amd64/v3"], ["linux/386"]],
  ["linux/amd64/v1", ["linux/amd64/v1", "linux/amd64"], ["linux/amd64/v3"]],
  ["linux/amd64/v3", ["linux/amd64/v3"], ["linux/amd64"]],
  ["linux/x86_64", ["linux/amd64", "linux/amd64/v2"], ["linux/386"]],
  ["linux/i386", ["linux/386"], ["linux/amd64"]],
  ["linux/constructor", ["linux/constructor"], ["linux/amd64"]],
  ["linux/ppc64le", ["linux/ppc64le"], ["linux/ppc64"]],
];

for (const [asked, meant, others] of MEANT) {
  test(`${asked} means ${meant.join(", ")} and not ${others.join(", ")}`, () => {
    const meaning = meaningOf(asked);
    assert.equal(meaning.forms[0], asked);
    for (const each of meant) assert.ok(isMeant(meaning, each), each);
    for (const each of others) assert.ok(!isMeant(meaning, each), each);
  });
}
