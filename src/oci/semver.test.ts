import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { semverKey } from "./semver.ts";

const byKey = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(semverKey(a)), Buffer.from(semverKey(b)));

type Version = { numbers: readonly bigint[]; prerelease: readonly string[] };

/** Precedence as SemVer 2.0.0 section 11 words it, on parsed versions. */
function precedence(a: Version, b: Version): number {
  for (const [at, number] of a.numbers.entries()) {
    const other = b.numbers[at] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length);
  }
  for (const [at, identifier] of a.prerelease.entries()) {
    const other = b.prerelease[at];
    if (other === undefined) return 1;
    const order = compareIdentifiers(identifier, other);
    if (order !== 0) return order;
  }
  return a.prerelease.length === b.prerelease.length ? 0 : -1;
}

function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)];
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  if (aIsNumber) return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b));
  return Number(a > b) - Number(a < b);
}

const number = fc.oneof(fc.bigInt(0n, 12n), fc.bigInt(0n, 10n ** 20n - 1n));
const identifier = fc.oneof(
  number.map(String),
  fc.string({
    unit: fc.constantFrom("0", "1", "9", "A", "Z", "a", "b", "z", "-"),
    minLength: 1,
    maxLength: 4,
  }),
);
const version = fc.record({
  numbers: fc.tuple(number, number, number),
  prerelease: fc.oneof(fc.constant([]), fc.array(identifier, { maxLength: 3 })),
});

function tagOf({ numbers, prerelease }: Version): string {
  return numbers.join(".") + (prerelease.length > 0 ? `-${prerelease.join(".")}` : "");
}

/** Two versions that often differ in their last part only, where orders go wrong. */
const pairOfVersions = fc.oneof(
  fc.tuple(version, version),
  fc
    .tuple(version, fc.array(identifier, { maxLength: 2 }), fc.array(identifier, { maxLength: 2 }))
    .map(([{ numbers, prerelease }, ...ends]) =>
      ends.map((end): Version => ({ numbers, prerelease: [...prerelease, ...end] })),
    ),
);

test("keys are in the order of SemVer precedence", () => {
  fc.assert(
    fc.property(pairOfVersions, ([a, b]) => {
      assert.ok(a && b);
      assert.equal(byKey(tagOf(a), tagOf(b)), precedence(a, b), `${tagOf(a)} and ${tagOf(b)}`);
    }),
    { numRuns: 3000 },
  );
});

test("the examples of the SemVer specification are in its order", () => {
  const ordered = (
    "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 " +
    "1.0.0 2.0.0 2.1.0 2.1.1"
  ).split(" ");
  assert.deepEqual(ordered.toReversed().toSorted(byKey), ordered);
});

for (const [tag, same] of [
  ["v1.2.3", "1.2.3"],
  ["1.2", "1.2.0"],
  ["v1", "1.0.0"],
  ["1.2.3_build.5", "1.2.3"],
  ["1.2.3+build.5", "1.2.3"],
  ["1.2-rc.1_build", "1.2.0-rc.1"],
  ["2024.01.05", "2024.1.5"],
  ["1.0.0-rc.01", "1.0.0-rc.1"],
] as const) {
  test(`${tag} is the version ${same}`, () => {
    assert.notEqual(semverKey(same), "");
    assert.equal(semverKey(tag), semverKey(same));
  });
}

for (const tag of [
  ..."latest v 1.2.3.4 1. 1..2 x1 1.x 1.2.3- 1.2.3-a..b 1.2.3-.a V1 1.2.3rc1 ١.٢".split(" "),
  "",
  "1.2.3\n",
  "1".repeat(21),
  `1.0.0-${"1".repeat(21)}`,
]) {
  test(`${JSON.stringify(tag)} is no version`, () => assert.equal(semverKey(tag), ""));
}

test("the key of the longest tag is short enough for an index", () => {
  for (const tag of [
    `1-${"a.".repeat(62)}a`,
    `1-${"1.".repeat(62)}1`,
    `1-${"a".repeat(126)}`,
    "1".repeat(20),
  ]) {
    const { length } = semverKey(tag);
    assert.ok(length > 0 && length <= 200, `${length}`);
  }
});
