import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistryError } from "../errors.ts";
import { OPEN_POLICY, type Policy } from "./policy.ts";
import { PolicySource } from "./policy-source.ts";

const closed = (): Policy => ({ groups: new Map(), rules: [] });

/** A source over what `read` gives, with all that it tells. */
function sourceOf(first: Policy, read: () => Promise<Policy>): { source: PolicySource; told: unknown[] } {
  const told: unknown[] = [];
  const source = new PolicySource(first, read, {
    taken: (policy) => told.push(policy),
    refused: (error) => told.push(error),
  });
  return { source, told };
}

test("a policy that is read again takes the place of the one before", async () => {
  const [first, second] = [closed(), closed()];
  const { source, told } = sourceOf(first, async () => second);
  assert.equal(source.current, first);
  await source.reload();
  assert.equal(source.current, second);
  assert.deepEqual(told, [second]);
});

test("one that cannot be read is refused, the old one stays, and the next one is taken", async () => {
  const [first, second, broken] = [closed(), closed(), new Error("broken")];
  const answers = [Promise.reject(broken), Promise.resolve(second)];
  const { source, told } = sourceOf(first, () => answers.shift() ?? assert.fail());
  await source.reload();
  assert.equal(source.current, first);
  assert.deepEqual(told, [broken]);
  await source.reload();
  assert.equal(source.current, second);
});

test("no reload opens a registry that has a policy; one that is open can be given a policy", async () => {
  const first = closed();
  const { source, told } = sourceOf(first, async () => OPEN_POLICY);
  await source.reload();
  assert.equal(source.current, first);
  assert.ok(told[0] instanceof RegistryError && told[0].code === "CONFIG_INVALID");

  const opened = sourceOf(OPEN_POLICY, async () => first).source;
  await opened.reload();
  assert.equal(opened.current, first);
});

test("a change during a reload is read again before anybody is told that it is done", async () => {
  const [first, stale, fresh] = [closed(), closed(), closed()];
  const reading = Promise.withResolvers<Policy>();
  const answers = [reading.promise, Promise.resolve(fresh)];
  const { source, told } = sourceOf(first, () => answers.shift() ?? assert.fail());
  const reloads = [source.reload(), source.reload(), source.reload()];
  reading.resolve(stale);
  await reloads[1];
  assert.equal(source.current, fresh);
  await Promise.all(reloads);
  assert.deepEqual(told, [stale, fresh]);
});
