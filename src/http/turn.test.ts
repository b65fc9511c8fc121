import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { Turn } from "./turn.ts";

/** A turn, what has been done in it, and a way to have an answer ready at some time. */
function recorded(): { turn: Turn; done: string[]; ready: (name: string, now: number) => void } {
  const turn = new Turn();
  const done: string[] = [];
  const ready = (name: string, now: number): void =>
    turn.atEnd(
      () => done.push(`${name} sent`),
      () => done.push(`${name} told`),
      now,
    );
  return { turn, done, ready };
}

test("answers are sent at the end of the turn, in the order in which they were ready, and told of behind all", async () => {
  const { done, ready } = recorded();
  ready("one", 0);
  await Promise.resolve();
  ready("two", 0.5);
  assert.deepEqual(done, []);
  await setImmediate();
  assert.deepEqual(done, ["one sent", "two sent", "one told", "two told"]);
});

test("an answer that has waited for a millisecond takes the others along, and nothing is sent twice", async () => {
  const { done, ready } = recorded();
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
  const { turn, done, ready } = recorded();
  turn.atEnd(
    () => ready("late", 0),
    () => done.push("told"),
    0,
  );
  await setImmediate();
  assert.deepEqual(done, ["told"]);
  await setImmediate();
  assert.deepEqual(done, ["told", "late sent", "late told"]);
});
