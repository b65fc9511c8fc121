import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { RUNNING_DIGESTS_MAX, RunningDigests } from "./running-digests.ts";
import type { RunningDigest } from "./running-digests.ts";

const digestAt = (size: number): RunningDigest => ({ algorithm: "sha256", hash: createHash("sha256"), size });

test("a running digest is handed over once, to who knows the upload's size", () => {
  const digests = new RunningDigests();
  const digest = digestAt(5);
  digests.keep("u", digest);
  assert.equal(digests.take("u", 5), digest);
  assert.equal(digests.take("u", 5), undefined);
  digests.keep("u", digest);
  assert.equal(digests.take("u", 6), undefined);
  assert.equal(digests.take("u", 5), undefined);
});

test("when there are too many running digests, the one touched longest ago is given up", () => {
  const digests = new RunningDigests();
  for (let n = 0; n < RUNNING_DIGESTS_MAX; n++) digests.keep(`u${n}`, digestAt(n));
  digests.keep("u0", digestAt(0));
  digests.keep("one more", digestAt(7));
  assert.equal(digests.take("u1", 1), undefined);
  for (const [id, size] of [
    ["u0", 0],
    ["u2", 2],
    ["one more", 7],
  ] as const)
    assert.ok(digests.take(id, size), id);
});
