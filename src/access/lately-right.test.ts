import assert from "node:assert/strict";
import { test } from "node:test";
import { LatelyRight } from "./lately-right.ts";

const MINUTE = 60_000;

test("who was right is remembered where they were right, and for an hour", () => {
  let now = 0;
  const right = new LatelyRight(() => now);
  right.note("ann", "1.1.1.1");
  assert.ok(right.has("ann", "1.1.1.1"));
  assert.ok(!right.has("ann", "6.6.6.6"));
  assert.ok(!right.has("bob", "1.1.1.1"));
  now = 59 * MINUTE;
  right.note("ann", "1.1.1.1");
  now = 118 * MINUTE;
  assert.ok(right.has("ann", "1.1.1.1"));
  now = 119 * MINUTE;
  assert.ok(!right.has("ann", "1.1.1.1"));
  assert.ok(!right.mayTry("ann", "1.1.1.1", "password"));
});

test("one password may be tried for ever, and a hundred different ones in a quarter of an hour", () => {
  let now = 0;
  const right = new LatelyRight(() => now);
  right.note("ann", "1.1.1.1");
  for (let n = 0; n < 1_000; n++) assert.ok(right.mayTry("ann", "1.1.1.1", "an old one"));
  for (let n = 1; n < 100; n++) assert.ok(right.mayTry("ann", "1.1.1.1", `guess ${n}`));
  // Neither a new one nor one from before, which would tell that it was right; and to be right there changes nothing.
  for (const password of ["guess 100", "an old one"]) assert.ok(!right.mayTry("ann", "1.1.1.1", password));
  right.note("ann", "1.1.1.1");
  assert.ok(!right.mayTry("ann", "1.1.1.1", "guess 101"));
  now = 15 * MINUTE;
  assert.ok(right.mayTry("ann", "1.1.1.1", "guess 102"));
});
