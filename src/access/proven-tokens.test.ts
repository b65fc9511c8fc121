import assert from "node:assert/strict";
import { test } from "node:test";
import { keysInMemory } from "../../test/support/access.ts";
import { Keys } from "./keys.ts";
import { OPEN_POLICY } from "./policy.ts";
import { ProvenTokens } from "./proven-tokens.ts";
import { TOKEN_SECONDS, Tokens } from "./token.ts";

const ANN = { user: "ann", groups: ["dev"] };
const REFUSED = { code: "UNAUTHORIZED" };

test("a token is remembered for the audience it was verified for, and no other", () => {
  const proven = new ProvenTokens<string>();
  const found = { claims: "claims", kid: "kid", key: {} };
  proven.keep("token", "us", found);
  assert.equal(proven.find("token", "us"), found);
  assert.equal(proven.find("token", "others"), undefined);
  assert.equal(proven.find("tokem", "us"), undefined);
});

test("four thousand tokens are remembered, and none that are long", () => {
  const proven = new ProvenTokens<number>();
  for (let n = 0; n <= 4_000; n++) proven.keep(`token ${n}`, "us", { claims: n, kid: "kid", key: {} });
  assert.equal(proven.find("token 0", "us"), undefined);
  assert.equal(proven.find("token 1", "us")?.claims, 1);
  assert.equal(proven.find("token 4000", "us")?.claims, 4_000);
  const long = "x".repeat(2_001);
  proven.keep(long, "us", { claims: 1, kid: "kid", key: {} });
  assert.equal(proven.find(long, "us"), undefined);
});

/** Tokens of a clock and of keys that a test turns, and one of them that was verified. */
async function verified() {
  const store = keysInMemory();
  const clock = { now: new Date() };
  const now = (): Date => clock.now;
  const keys = await Keys.open(store, { now });
  const tokens = new Tokens(keys, { now });
  const { token } = await tokens.issue(ANN, [], OPEN_POLICY);
  const bearer = await tokens.verify(token);
  assert.deepEqual(await tokens.verify(token), bearer);
  return { store, clock, keys, tokens, token, bearer };
}

test("one that was verified is refused when its time has passed, or has not come by a clock that was put back", async () => {
  const { clock, tokens, token, bearer } = await verified();
  const then = clock.now.getTime();
  for (const seconds of [TOKEN_SECONDS + 31, -60]) {
    clock.now = new Date(then + seconds * 1_000);
    await assert.rejects(tokens.verify(token), REFUSED, `${seconds} s`);
  }
  clock.now = new Date(then + TOKEN_SECONDS * 1_000);
  assert.deepEqual(await tokens.verify(token), bearer, "clocks may be apart");
});

test("one that was verified is refused when its key is not there any more", async () => {
  const { store, keys, tokens, token, bearer } = await verified();
  const [key] = store.keys;
  await keys.rotate();
  assert.deepEqual(await tokens.verify(token), bearer, "the key was read again, and is the same");
  store.keys = [];
  await keys.rotate();
  assert.notEqual(store.keys[0]?.kid, key?.kid);
  await assert.rejects(tokens.verify(token), REFUSED);
});

test("one that was verified is of no use where another kind is wanted, nor is one much like it", async () => {
  const { tokens, token } = await verified();
  await assert.rejects(tokens.verifyRefresh(token), REFUSED);
  const { token: refresh } = await tokens.issueRefresh("ann");
  await tokens.verifyRefresh(refresh);
  await assert.rejects(tokens.verify(refresh), REFUSED);
  const [head, claims, signature = ""] = token.split(".");
  const other = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  await assert.rejects(tokens.verify(`${head}.${claims}.${other}`), REFUSED);
  for (const changed of [`${token}.`, token.slice(0, -1)])
    await assert.rejects(tokens.verify(changed), REFUSED);
});
