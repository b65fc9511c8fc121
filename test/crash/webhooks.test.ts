import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { WebhookReceiver } from "../support/receiver.ts";
import { define } from "../support/webhooks.ts";
import { Server } from "./server.ts";

/** How often the server is killed; after each kill it waits until nobody else can hold the lease, for ten seconds. */
const KILLS = 2;
/** Pushes of each life of the server, each three events or two. */
const PUSHES = 8;
/** Messages that a receiver takes of each life before the server is killed: too few for a note of them all. */
const TAKEN_EACH = 9;

/** The revision of the event that a message is about. */
function revisionIn({ body }: { readonly body: string }): number {
  return Number((JSON.parse(body) as { id: string }).id);
}

test("a server that is killed before it has noted what it delivered tells every event, in order, and some again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-crash-"));
  const args = ["--data", join(folder, "data"), "--webhook-targets", "127.0.0.1"];
  await using receiver = await WebhookReceiver.open();
  const lives: number[][] = [];
  let pushed = 0;
  for (let kills = 0; kills <= KILLS; kills++) {
    const server = await Server.start(...args);
    const told: number[] = [];
    lives.push(told);
    let killed: Promise<void> | undefined;
    receiver.answering = async (message, response) => {
      if (kills === KILLS || told.length < TAKEN_EACH) {
        told.push(revisionIn(message));
        return;
      }
      // The one before has been taken, or this one would not have come; whether it was noted, nobody knows.
      killed ??= server.kill();
      await killed;
      response.destroy();
    };
    if (kills === 0) await define(server, "all", { url: receiver.url });
    for (let n = 0; n < PUSHES; n++) {
      await pushManifest(server.host, "a/b:v1", manifestOf({ annotations: { n: `${pushed++}` } })).catch(
        (error: unknown) => {
          if (killed === undefined) throw error;
        },
      );
    }
    if (kills < KILLS) {
      await receiver.until(() => killed !== undefined);
      await killed;
      continue;
    }
    const { headers } = await expectAnswer(server.host, "GET /v2/_supercargo/events?n=0", { status: 200 });
    const newest = Number(headers["supercargo-revision"]);
    await receiver.until(() => told.at(-1) === newest);
    await server[Symbol.asyncDispose]();
    const whole = Array.from({ length: newest }, (_, n) => n + 1);
    assert.deepEqual([...new Set(lives.flat())], whole, "first told in order, none left out");
  }
  for (const told of lives) {
    const [first = 0] = told;
    assert.deepEqual(
      told,
      Array.from(told, (_, n) => first + n),
      "each life goes on without a gap",
    );
  }
  assert.ok(lives.flat().length > new Set(lives.flat()).size, "something was told again");
  await rm(folder, { recursive: true });
});
