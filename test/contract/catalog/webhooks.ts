import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Progress, Webhooks } from "../../../src/catalog/webhooks.ts";
import { openNew, type NewPlace } from "./place.ts";

const [ONE, OTHER] = ["one node", "another node"];

async function made(webhooks: Webhooks, name = "a"): Promise<void> {
  assert.equal(await webhooks.put({ name, definition: "{}", isConfigured: false }, 7), true);
}

export function describeWebhooks(newPlace: NewPlace): void {
  describe("webhooks", () => {
    test("are there by their names, as they were defined last, with the progress they have made", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { webhooks } = opened.catalog;
      assert.deepEqual(await webhooks.list(), []);
      assert.equal(await webhooks.find("a"), undefined);
      for (const name of ["b", "a.b", "a", "B"]) await made(webhooks, name);
      assert.deepEqual(
        (await webhooks.list()).map(({ name }) => name),
        ["B", "a", "a.b", "b"],
      );
      assert.equal(await webhooks.put({ name: "a", definition: "[]", isConfigured: true }, 9), false);
      for (const node of opened.nodes) {
        const found = await node.webhooks.find("a");
        assert.ok(found && found.created <= new Date());
        assert.deepEqual(found, {
          name: "a",
          definition: "[]",
          isConfigured: true,
          created: found.created,
          generation: found.generation,
          progress: { cursor: 7, failures: 0 },
        });
      }
      assert.equal(await webhooks.remove("a"), true);
      assert.equal(await webhooks.remove("a"), false);
      assert.equal(await webhooks.find("a"), undefined);
    });

    test("note progress for who has the lease, and not over what a person has changed meanwhile", async () => {
      await using opened = await openNew(newPlace);
      const { webhooks } = opened.catalog;
      await made(webhooks);
      const time = new Date(1_700_000_000_123);
      const progress: Progress = {
        cursor: 12,
        failures: 3,
        paused: "gone",
        error: { reason: "refused", time },
        retry: time,
        delivered: time,
      };
      const { generation = 0 } = (await webhooks.find("a")) ?? {};
      const note = (holder: string | undefined, now = progress): Promise<boolean> =>
        webhooks.note("a", { generation, holder: holder ?? "" }, now);
      assert.equal(await note(ONE), false);
      assert.equal(await webhooks.take(ONE, undefined), true);
      assert.equal(await note(OTHER), false);
      assert.equal(await note(ONE), true);
      assert.deepEqual((await webhooks.find("a"))?.progress, progress);
      assert.equal(await webhooks.steer("a", { paused: "by ann" }), true);
      assert.equal(await note(ONE, { cursor: 13, failures: 0 }), true);
      assert.deepEqual((await webhooks.find("a"))?.progress, {
        cursor: 13,
        failures: 0,
        paused: "by ann",
        error: { reason: "refused", time },
        delivered: time,
      });
      assert.equal(await webhooks.steer("a", { paused: undefined, cursor: 3 }), true);
      assert.deepEqual((await webhooks.find("a"))?.progress, {
        cursor: 3,
        failures: 0,
        error: { reason: "refused", time },
        delivered: time,
      });
      assert.equal(await note(ONE), false);
      assert.equal((await webhooks.find("a"))?.generation, generation + 2);
      assert.equal(await webhooks.steer("b", { paused: undefined }), false);
    });

    test("have one lease, which goes to one of those who have seen it as it is", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const nodes = opened.nodes.map(({ webhooks }) => webhooks);
      assert.equal(await nodes[0]?.lease(), undefined);
      const first = await Promise.all(nodes.map((node, at) => node.take(`node ${at}`, undefined)));
      assert.equal(first.filter(Boolean).length, 1);
      const seen = await nodes.at(-1)?.lease();
      assert.deepEqual(seen, { holder: `node ${first.indexOf(true)}`, beat: 1 });
      const again = await Promise.all(nodes.map((node, at) => node.take(`later ${at}`, seen)));
      assert.equal(again.filter(Boolean).length, 1);
      assert.deepEqual(await nodes[0]?.lease(), { holder: `later ${again.indexOf(true)}`, beat: 2 });
      assert.equal(await nodes[0]?.take("late", seen), false);
    });
  });
}
