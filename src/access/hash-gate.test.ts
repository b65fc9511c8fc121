import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { HashGate } from "./hash-gate.ts";

test("two pieces of work run at a time, the others in turn, and too many are refused", async () => {
  const gate = new HashGate();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (n: number) => async (): Promise<number> => {
    begun.push(n);
    await new Promise<void>((resolve) => ends.push(resolve));
    return n;
  };
  const all = Array.from({ length: 130 }, (_, n) => gate.run(work(n)));
  await assert.rejects(gate.run(work(130)), { code: "TOOMANYREQUESTS", detail: { retryAfter: 5 } });
  assert.deepEqual(begun, [0, 1]);
  for (let n = 0; n < all.length; n++) {
    ends[n]?.();
    assert.equal(await all[n], n);
    await setImmediate();
    assert.deepEqual(begun, [...Array(Math.min(n + 3, 130)).keys()]);
  }
});

test("work that fails gives its place to the next", async () => {
  const gate = new HashGate();
  const fail = async (): Promise<never> => {
    throw new Error("no");
  };
  const failed = await Promise.allSettled(Array.from({ length: 5 }, () => gate.run(fail)));
  assert.ok(failed.every(({ status }) => status === "rejected"));
  assert.equal(await gate.run(async () => "done"), "done");
});
