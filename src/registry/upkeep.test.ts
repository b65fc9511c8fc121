import assert from "node:assert/strict";
import { beforeEach, afterEach, mock, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Task, Upkeep } from "./upkeep.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  // Lets a round of tasks, which answer at once, come to its end.
  await setImmediate();
}

test("tasks run in order a minute after the start and every hour from then on", async () => {
  const ran: string[] = [];
  const task = (name: string): Task => ({ name, run: async () => ran.push(name) });
  const upkeep = new Upkeep([task("a"), task("b")], assert.fail);
  await pass(MINUTE_MS - 1);
  assert.deepEqual(ran, []);
  await pass(1);
  assert.deepEqual(ran, ["a", "b"]);
  await pass(HOUR_MS);
  assert.deepEqual(ran, ["a", "b", "a", "b"]);
  await upkeep[Symbol.asyncDispose]();
});

test("a task that fails is told of, keeps no other from running, and is tried again", async () => {
  const failures: string[] = [];
  let ran = 0;
  const tasks: Task[] = [
    { name: "bad", run: () => Promise.reject(new Error("no")) },
    { name: "good", run: async () => ran++ },
  ];
  const upkeep = new Upkeep(tasks, (task, error) => failures.push(`${task}: ${String(error)}`));
  await pass(MINUTE_MS);
  await pass(HOUR_MS);
  assert.deepEqual(failures, ["bad: Error: no", "bad: Error: no"]);
  assert.equal(ran, 2);
  await upkeep[Symbol.asyncDispose]();
});

test("disposing waits for the task that is running, and starts no other", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ran: string[] = [];
  const tasks: Task[] = [
    { name: "long", run: () => promise.then(() => ran.push("long")) },
    { name: "next", run: async () => ran.push("next") },
  ];
  const upkeep = new Upkeep(tasks, assert.fail);
  await pass(MINUTE_MS);
  const disposed = upkeep[Symbol.asyncDispose]().then(() => ran.push("disposed"));
  await setImmediate();
  assert.deepEqual(ran, []);
  resolve();
  await disposed;
  await pass(HOUR_MS);
  assert.deepEqual(ran, ["long", "disposed"]);
});
