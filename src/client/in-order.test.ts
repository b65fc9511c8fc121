import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inOrder } from "./in-order.ts";

test("results come in the order of the items, whichever is done first, with no more under way than may be", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 5 }), async (scheduler, window) => {
      let running = 0;
      let most = 0;
      const of = async (item: number): Promise<number> => {
        most = Math.max(most, ++running);
        await scheduler.schedule(Promise.resolve());
        running--;
        return item * 2;
      };
      const items = Array.from({ length: 12 }, (_, at) => at);
      const results = await scheduler.waitFor(collected(inOrder(items, { window, of })));
      assert.deepEqual(
        results,
        items.map((item) => item * 2),
      );
      assert.ok(most <= window, `${most} of ${window}`);
    }),
    { numRuns: 50 },
  );
});

test("a failure comes in its turn, ends the list, and begins nothing more", async () => {
  const begun: number[] = [];
  const got: number[] = [];
  const of = async (item: number): Promise<number> => {
    begun.push(item);
    if (item === 2) throw new Error("two");
    return item;
  };
  await assert.rejects(async () => {
    for await (const item of inOrder([0, 1, 2, 3, 4, 5, 6], { window: 2, of })) got.push(item);
  }, /two/);
  assert.deepEqual(got, [0, 1]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
