import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { WrongLogins } from "./wrong-logins.ts";

/** Attempts under a clock that goes on when somebody waits; gives how long each had to. */
class Attempts {
  now = 0;
  waited = 0;
  readonly wrong = new WrongLogins({
    now: () => this.now,
    sleep: async (ms) => {
      this.waited = ms;
      this.now += ms;
    },
  });

  async attempt(name: string, address: string, isRight: boolean): Promise<number> {
    this.waited = 0;
    (await this.wrong.admit(name, address)).ended(isRight);
    return this.waited;
  }
}

test("each wrong login of a user from an address waits twice as long as the one before, up to half a minute", async () => {
  const attempts = new Attempts();
  const waits: number[] = [];
  for (let n = 0; n < 10; n++) waits.push(await attempts.attempt("ann", "1.1.1.1", false));
  assert.deepEqual(waits, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("a right login waits no longer than a wrong one, and all is forgotten after it", async () => {
  const attempts = new Attempts();
  for (let n = 0; n < 3; n++) await attempts.attempt("ann", "1.1.1.1", false);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", true), 1_000);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", true), 0);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", false), 0);
});

test("who guesses somebody's password does not keep them out elsewhere", async () => {
  const attempts = new Attempts();
  for (let n = 0; n < 20; n++) await attempts.attempt("ann", "6.6.6.6", false);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", true), 0);
});

test("an address that tries many names waits as well, though not for the first few", async () => {
  const attempts = new Attempts();
  const waits: number[] = [];
  for (let n = 0; n < 14; n++) waits.push(await attempts.attempt(`user-${n}`, "6.6.6.6", false));
  assert.deepEqual(waits, [...Array.from({ length: 11 }, () => 0), 250, 500, 1_000]);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", false), 0);
});

test("attempts at the same time have turns one after the other, and too many are refused", async () => {
  let now = 0;
  const waits: number[] = [];
  const wrong = new WrongLogins({ now: () => now, sleep: async (ms) => void waits.push(ms) });
  for (let n = 0; n < 8; n++) {
    (await wrong.admit("ann", "6.6.6.6")).ended(false);
    now += 60_000;
  }
  waits.length = 0;
  now -= 60_000;
  const refusals: unknown[] = [];
  for (let n = 0; n < 6; n++)
    await wrong.admit("ann", "6.6.6.6").catch((error: unknown) => refusals.push(error));
  assert.deepEqual(waits, [30_000, 60_000]);
  assert.equal(refusals.length, 4);
  assert.equal((refusals[0] as { code: string }).code, "TOOMANYREQUESTS");
});

test("what was wrong long ago is forgotten", async () => {
  const attempts = new Attempts();
  for (let n = 0; n < 5; n++) await attempts.attempt("ann", "1.1.1.1", false);
  attempts.now += 16 * 60_000;
  await attempts.attempt("ann", "1.1.1.1", false);
  assert.equal(await attempts.attempt("ann", "1.1.1.1", false), 250);
});

test("attempts at the same time that nobody has looked at yet are refused once too many of them were wrong", async () => {
  const wrong = new WrongLogins({ now: () => 0 });
  const [first, second] = [await wrong.admit("ann", "6.6.6.6"), await wrong.admit("ann", "6.6.6.6")];
  const names = Array.from({ length: 12 }, (_, n) => `user-${n}`);
  const others = await Promise.all(names.map((name) => wrong.admit(name, "6.6.6.6")));
  second.mayGoOn();
  first.ended(false);
  assert.throws(() => second.mayGoOn(), { code: "TOOMANYREQUESTS", detail: { retryAfter: 1 } });
  for (const one of others) one.mayGoOn();
  for (const one of others.slice(0, 10)) one.ended(false);
  assert.throws(() => others[10]?.mayGoOn(), { code: "TOOMANYREQUESTS" });
});

test("guesses at once get no further than one after the other", async () => {
  let now = 0;
  const sleeping: { at: number; wake: () => void }[] = [];
  const wrong = new WrongLogins({
    now: () => now,
    sleep: (ms) => new Promise<void>((wake) => sleeping.push({ at: now + ms, wake })),
  });
  (await wrong.admit("ann", "6.6.6.6")).ended(false);
  const looked: number[] = [];
  const guess = async (): Promise<void> => {
    using attempt = await wrong.admit("ann", "6.6.6.6");
    looked.push(now);
    attempt.ended(false);
  };
  const guesses = Array.from({ length: 50 }, guess);
  const settled = Promise.allSettled(guesses);
  for (;;) {
    await setImmediate();
    const next = sleeping.toSorted((a, b) => a.at - b.at)[0];
    if (!next) break;
    sleeping.splice(sleeping.indexOf(next), 1);
    now = Math.max(now, next.at);
    next.wake();
  }
  const refused = (await settled).filter(({ status }) => status === "rejected");
  assert.equal(looked.length + refused.length, 50);
  // 250, 500, 1,000 … and half a minute at the most, within the minute that they wait: eight fit.
  assert.ok(looked.length <= 8, looked.join());
});

test("an address has so many attempts at the same time, and who was right there lately one more", async () => {
  const wrong = new WrongLogins();
  const running = [];
  for (let n = 0; n < 64; n++) running.push(await wrong.admit(`user-${n}`, "6.6.6.6"));
  const refused = { code: "TOOMANYREQUESTS", detail: { retryAfter: 1 } };
  await assert.rejects(wrong.admit("ann", "6.6.6.6"), refused);
  (await wrong.admit("ann", "6.6.6.6", { wasRight: true }))[Symbol.dispose]();
  (await wrong.admit("ann", "1.1.1.1"))[Symbol.dispose]();
  running[0]?.[Symbol.dispose]();
  (await wrong.admit("ann", "6.6.6.6"))[Symbol.dispose]();
});

test("who was right there lately does not wait for what others do there, but for guesses at their own name", async () => {
  const waits: number[] = [];
  const wrong = new WrongLogins({ now: () => 0, sleep: async (ms) => void waits.push(ms) });
  for (let n = 0; n < 14; n++) (await wrong.admit(`user-${n}`, "6.6.6.6")).ended(false);
  waits.length = 0;
  (await wrong.admit("ann", "6.6.6.6", { wasRight: true })).ended(false);
  assert.deepEqual(waits, []);
  (await wrong.admit("ann", "6.6.6.6", { wasRight: true })).ended(false);
  assert.deepEqual(waits, [250]);
});
