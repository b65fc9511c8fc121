import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease as Seen, Webhooks } from "../catalog/webhooks.ts";
import { Lease } from "./lease.ts";

/** Where one lease is kept. */
function place(): Webhooks & { kept: Seen | undefined } {
  const made = {
    kept: undefined as Seen | undefined,
    lease: async () => made.kept,
    take: async (holder: string, seen: Seen | undefined) => {
      if (made.kept?.holder !== seen?.holder || made.kept?.beat !== seen?.beat) return false;
      made.kept = { holder, beat: (seen?.beat ?? 0) + 1 };
      return true;
    },
  };
  return made as never;
}

test("a lease is held by one, and goes to another when it has been silent for ten seconds by the other's clock", async () => {
  const at = place();
  // Clocks that began at other times, and nobody compares.
  const clock = { one: 1_000_000, other: 5 };
  const one = new Lease(at, () => clock.one);
  const other = new Lease(at, () => clock.other);
  await one.keep();
  await other.keep();
  assert.deepEqual([one.isHeld, other.isHeld], [true, false]);
  for (let second = 0; second < 30; second++) {
    clock.one += 1_000;
    clock.other += 1_000;
    await one.keep();
    await other.keep();
    assert.deepEqual([one.isHeld, other.isHeld], [true, false], `second ${second}`);
  }
  const holders: string[] = [];
  for (let second = 0; second < 20; second++) {
    clock.one += 1_000;
    clock.other += 1_000;
    // The first node does nothing any more, but it does not hold what the second has.
    await other.keep();
    holders.push(`${one.isHeld ? "one" : ""}${other.isHeld ? "other" : ""}`);
  }
  assert.ok(!holders.includes("oneother"), holders.join());
  assert.equal(holders.at(-1), "other");
  assert.equal(holders.filter((who) => who === "").length > 0, true);
  await one.keep();
  assert.equal(one.isHeld, false);
});

test("a lease that is released can be taken at once", async () => {
  const at = place();
  const [one, other] = [new Lease(at, () => 0), new Lease(at, () => 0)];
  await one.keep();
  await other.keep();
  assert.equal(other.isHeld, false);
  await one.release();
  await other.keep();
  assert.deepEqual([one.isHeld, other.isHeld], [false, true]);
});
