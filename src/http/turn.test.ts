import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { Turn } from "./turn.ts";

/** Answers of the turn before, of which the last is many. */
const MANY = 8;

type Recorded = { turn: Turn; done: string[]; ready: (name: string, now: number) => void };

/** A turn behind one with so many answers, what is done in it, and a way to have an answer ready at some time. */
async function recorded({ before }: { before: number }): Promise<Recorded> {
  const turn = new Turn();
  const done: string[] = [];
  const ready = (name: string, now: number): void =>
    turn.add(
      () => done.push(`${name} sent`),
      () => done.push(`${name} told`),
      now,
    );
  for (let n = 0; n < before; n++) ready("before", 0);
  await setImmediate();
  done.length = 0;
  return { turn, done, ready };
}

test("few answers are sent at once, each", async () => {
  const { done, ready } = await recorded({ before: MANY - 1 });
  ready("one", 0);
  ready("two", 0);
  assert.deepEqual(done, ["one sent", "one told", "two sent", "two told"]);
});

test("many answers are sent at the end of the turn, in the order in which they were ready, and told of behind all", async () => {
  const { done, ready } = await recorded({ before: MANY });
  ready("one", 0);
  await Promise.resolve();
  ready("two", 0.5);
  assert.deepEqual(done, []);
  await setImmediate();
  assert.deepEqual(done, ["one sent", "two sent", "one told", "two told"]);
  ready("three", 1);
  assert.deepEqual(done.slice(4), ["three sent", "three told"], "the turn before had few");
});

test("an answer that has waited for a millisecond takes the others along, and nothing is sent twice", async () => {
  const { done, ready } = await recorded({ before: MANY });
  ready("one", 5);
  ready("two", 6);
  const first = ["one sent", "two sent", "one told", "two told"];
  assert.deepEqual(done, first);
  ready("three", 6);
  assert.deepEqual(done, first);
  await setImmediate();
  assert.deepEqual(done, [...first, "three sent", "three told"]);
});

test("what becomes ready while others are sent belongs to the next turn", async () => {
  const { turn, done, ready } = await recorded({ before: MANY });
  for (let n = 1; n < MANY; n++) ready(`${n}`, 0);
  turn.add(
    () => ready("late", 0),
    () => done.push("last told"),
    0,
  );
  await setImmediate();
  assert.equal(done.at(-1), "last told");
  assert.ok(!done.includes("late sent"));
  await setImmediate();
  assert.deepEqual(done.slice(-2), ["late sent", "late told"]);
});
