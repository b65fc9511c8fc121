import assert from "node:assert/strict";
import { test } from "node:test";
import { WebhookReceiver } from "../../test/support/receiver.ts";
import { HttpSink } from "./http-sink.ts";
import { reachOf } from "./reachable.ts";

const NEVER = new AbortController().signal;

test("nothing is sent to where nothing may be, by address or by name, whatever it was when it was defined", async () => {
  await using receiver = await WebhookReceiver.open();
  const { port } = new URL(receiver.url);
  for (const url of [receiver.url, `http://localhost:${port}/`]) {
    const definition = { url, format: "structured", selector: {} } as const;
    const options = { name: "a", definition, source: "http://registry.test" };
    await using refused = new HttpSink({ ...options, reach: reachOf([]) });
    const outcome = await refused.probe(NEVER);
    assert.ok(!outcome.isTaken);
    assert.match(outcome.reason, /no public address.*webhookTargets/);
    assert.equal(receiver.messages.length, 0);
    await using allowed = new HttpSink({ ...options, reach: reachOf(["127.0.0.0/8"]) });
    assert.deepEqual(await allowed.probe(NEVER), { isTaken: true });
    assert.equal(receiver.messages.splice(0).length, 1);
  }
});

test("who does not answer until it is too late is told so", async () => {
  const never = Promise.withResolvers<void>();
  await using receiver = await WebhookReceiver.open(() => never.promise);
  const definition = { url: receiver.url, format: "batch", selector: {} } as const;
  const options = { name: "a", definition, source: "http://registry.test", reach: reachOf(["127.0.0.1"]) };
  await using sink = new HttpSink(options);
  assert.deepEqual(await sink.probe(AbortSignal.timeout(50)), {
    isTaken: false,
    reason: "It gave no answer in time.",
  });
  never.resolve();
});

test("who is to be left alone says so in seconds or by a date, and for a day at the most", async ({
  mock,
}) => {
  const now = Date.UTC(2026, 0, 1);
  mock.timers.enable({ apis: ["Date"], now });
  let asked = "";
  await using receiver = await WebhookReceiver.open((_, response) => {
    response.statusCode = 503;
    response.setHeader("Retry-After", asked);
  });
  const definition = { url: receiver.url, format: "structured", selector: {} } as const;
  const options = { name: "a", definition, source: "http://registry.test", reach: reachOf(["127.0.0.1"]) };
  await using sink = new HttpSink(options);
  const dateIn = (ms: number): string => new Date(now + ms).toUTCString();
  for (const [text, expected] of [
    ["120", 120_000],
    [dateIn(90_000), 90_000],
    [dateIn(-90_000), 0],
    [dateIn(48 * 3_600_000), 24 * 3_600_000],
    ["999999999", 24 * 3_600_000],
    ["soon", undefined],
  ] as const) {
    asked = text;
    const outcome = await sink.probe(NEVER);
    assert.equal(!outcome.isTaken && outcome.retryAfterMs, expected, text);
  }
});
