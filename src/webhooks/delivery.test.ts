import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../catalog/catalog.ts";
import type { Progress } from "../catalog/webhooks.ts";
import { parseName } from "../oci/name.ts";
import type { Tail } from "../registry/tail.ts";
import { deliver } from "./delivery.ts";
import { TAKEN } from "./sink.ts";

/** A log of writes of three events each. */
function tailOf(count: number): Tail {
  const events = Array.from({ length: count }, (_, at): Event => ({
    revision: at + 1,
    time: new Date(at),
    type: "tag.set",
    repository: parseName("a/b"),
    actor: "ann",
    requestId: `write ${Math.floor(at / 3)}`,
  }));
  return {
    read: async (after: number, limit: number) => ({
      revision: count,
      events: events.slice(after, after + limit),
    }),
    past: (at: number, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ at, isOver: false }))),
  } as never;
}

type Run = { readonly told: number[][]; readonly noted: Progress[] };

/** Delivers until `isEnough`, to a sink that takes so many events at once. */
async function run(count: number, eventsMax: number, isHeld: (told: number[][]) => boolean): Promise<Run> {
  const [told, noted]: [number[][], Progress[]] = [[], []];
  const ended = new AbortController();
  const sink = {
    eventsMax,
    deliver: async (events: readonly Event[]) => {
      told.push(events.map(({ revision }) => revision));
      if (events.at(-1)?.revision === count) ended.abort();
      return TAKEN;
    },
    probe: async () => TAKEN,
    [Symbol.asyncDispose]: async () => {},
  };
  await deliver({
    tail: tailOf(count),
    sink,
    selector: {},
    progress: { cursor: 0, failures: 0 },
    note: async (progress) => noted.push(progress) > 0,
    attempted: () => {},
    isHeld: () => isHeld(told),
    signal: ended.signal,
  });
  return { told, noted };
}

test("events of one write are told together, as long as they fit, and none twice or not at all", async () => {
  for (const [count, eventsMax] of [
    [30, 7],
    [2_400, 100],
    [3_000, 2],
    [1_000, 1_000],
  ] as const) {
    const { told, noted } = await run(count, eventsMax, () => true);
    assert.deepEqual(
      told.flat(),
      Array.from({ length: count }, (_, at) => at + 1),
    );
    for (const some of told) {
      assert.ok(some.length <= eventsMax);
      const isWhole = (some.at(-1) ?? 0) % 3 === 0 || some.at(-1) === count;
      assert.ok(isWhole || eventsMax < 3, `${some.join()} of at most ${eventsMax}`);
    }
    assert.equal(noted.at(-1)?.cursor, count);
  }
});

test("nothing more is told when another node may do so, and what was told is noted", async () => {
  const { told, noted } = await run(30, 3, (before) => before.length < 4);
  assert.equal(told.length, 4);
  assert.equal(noted.at(-1)?.cursor, 12);
});
