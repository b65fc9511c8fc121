import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { send } from "../support/exchange.ts";
import { WebhookReceiver } from "../support/receiver.ts";
import { TestRegistry } from "../support/registry.ts";
import { define, order, showOf } from "../support/webhooks.ts";
import { runs } from "../support/runs.ts";

const RUNS = 8;
const BACKOFF_MS = 1;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant("push" as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  fc.record({
    does: fc.constant("fail" as const),
    status: fc.constantFrom(500, 429, 302, 0),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    does: fc.constantFrom("restart" as const, "pause" as const, "resume" as const, "redefine" as const),
  }),
  fc.record({ does: fc.constant("delete" as const) }),
);

/** The events of a message, by their ids. */
function idsIn(body: string): string[] {
  const told = JSON.parse(body) as { id: string } | { id: string }[];
  return (Array.isArray(told) ? told : [told]).map(({ id }) => id);
}

describe("a receiver", () => {
  for (const format of ["structured", "batch"]) {
    test(`has every event, none before one that is older, whatever happens (${format})`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
          await using registry = await TestRegistry.open({ webhookBackoffMs: BACKOFF_MS });
          const failures: number[] = [];
          await using receiver = await WebhookReceiver.open((_, response) => {
            const status = failures.shift();
            if (status === 0) response.destroy();
            else response.statusCode = status ?? 200;
          });
          const definition = { url: receiver.url, format, selector: { type: "tag.set,manifest.pushed" } };
          await define(registry, "all", definition);
          let pushed = 0;
          for (const one of steps) {
            if (one.does === "push") {
              for (let n = 0; n < one.count; n++) {
                await pushManifest(
                  registry.host,
                  `a/b:v${pushed % 3}`,
                  manifestOf({ annotations: { n: `${pushed++}` } }),
                );
              }
            } else if (one.does === "fail") failures.push(...Array<number>(one.times).fill(one.status));
            else if (one.does === "restart") await registry.restart();
            else if (one.does === "redefine") await define(registry, "all", definition);
            else if (one.does === "delete") await send(registry.host, "DELETE /v2/a/b/manifests/v0");
            else await order(registry, "all", one.does);
          }
          await order(registry, "all", "resume");
          await waitFor("all to be delivered", async () => (await showOf(registry, "all")).lag.events === 0);
          const { events } = await registry.catalog.events({ after: 0, limit: 1_000 });
          const meant = events.filter(({ type }) => type === "tag.set" || type === "manifest.pushed");
          const first = [...new Set(receiver.taken.flatMap(({ body }) => idsIn(body)))].map(Number);
          assert.deepEqual(
            first,
            meant.map(({ revision }) => revision),
          );
        }),
        { numRuns: runs(RUNS) },
      );
    });
  }

  test("that was away until what it missed was compacted is paused, and says where it can go on", async () => {
    await using registry = await TestRegistry.open({ webhookBackoffMs: BACKOFF_MS });
    let isAway = true;
    await using receiver = await WebhookReceiver.open((_, response) => {
      if (isAway) response.statusCode = 503;
    });
    await define(registry, "away", { url: receiver.url });
    await pushManifest(registry.host, "a/b:v1", manifestOf({}));
    await waitFor("a failure", async () => (await showOf(registry, "away")).failures > 0);
    await order(registry, "away", "pause");
    await registry.catalog.compact(new Date(Date.now() + 1_000));
    // What is still in memory would be told all the same.
    await registry.restart();
    await order(registry, "away", "resume");
    await waitFor("the end", async () => (await showOf(registry, "away")).state === "paused");
    const { paused = "", lag } = await showOf(registry, "away");
    assert.match(paused, /Bring the receiver up to date, then replay from a revision that is kept/);
    assert.equal(lag.seconds, undefined);
    isAway = false;
    await order(registry, "away", "replay?from=3");
    await pushManifest(registry.host, "a/b:v2", manifestOf({ annotations: { a: "b" } }));
    await receiver.until(() => receiver.taken.length === 2);
  });
});
