import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Supercargo } from "../../src/library/client.ts";
import { basic, TestAccess } from "../support/access.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, jsonOf, type Received } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { said, type Streamed } from "../support/stream.ts";

const EVENTS = "/v2/_supercargo/events";
const BEAT_MS = 50;

let pushed = 0;
async function push(to: TestRegistry, ...references: string[]): Promise<void> {
  for (const reference of references) {
    await pushManifest(to.host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
  }
}

/** The cursor behind all that has happened. */
async function cursorOf(registry: TestRegistry, headers = {}): Promise<string> {
  const answer = await expectAnswer(registry.host, `GET ${EVENTS}?n=1000&since=1h`, {
    send: { headers },
    status: 200,
  });
  return String(answer.headers["supercargo-cursor"]);
}

function refused(registry: TestRegistry, cursor: string, headers = {}): Promise<Received> {
  return expectAnswer(registry.host, `GET ${EVENTS}?after=${cursor}`, {
    send: { headers },
    status: 410,
    code: "REVISION_EXPIRED",
  });
}

describe("a cursor at the end of a log of which all is compacted", () => {
  const compact = (registry: TestRegistry): Promise<unknown> =>
    registry.catalog.compact(new Date(Date.now() + 60_000));

  test("still says what its event was and what its holder could see", async () => {
    const admin = { allow: ["admin"], to: ["root"], on: ["**"] };
    const rules = (on: string): { rules: (typeof admin)[] } => ({
      rules: [admin, { allow: ["list"], to: ["ann"], on: [on] }],
    });
    const open = { rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] };
    const access = await TestAccess.open(open, ["ann", "root"]);
    await using registry = await TestRegistry.open({ access });
    await push(registry, "a/one:v1", "b/two:v1");
    access.reload(rules("a/**"));
    const headers = basic("ann");
    const before = await cursorOf(registry, headers);
    await compact(registry);
    const { headers: answered } = await expectAnswer(registry.host, `GET ${EVENTS}?after=${before}`, {
      send: { headers },
      status: 200,
      json: [],
    });
    assert.equal(answered["supercargo-cursor"], before);
    await refused(registry, before.replace(/-[0-9a-f]{8}-/, "-00000000-"), headers);
    access.reload(rules("b/**"));
    await refused(registry, before, headers);
  });

  test("is not needed to ask what has happened since a time after all that is forgotten", async () => {
    await using registry = await TestRegistry.open();
    await push(registry, "a:v1");
    const [last] = (await registry.catalog.events({ after: 2, limit: 1 })).events;
    await waitFor("the time after the last event", () => Date.now() > last!.time.getTime());
    await compact(registry);
    const since = (ms: number): string => new Date(last!.time.getTime() + ms).toISOString();
    await expectAnswer(registry.host, `GET ${EVENTS}?since=${since(1)}`, { status: 200, json: [] });
    await expectAnswer(registry.host, `GET ${EVENTS}?since=${since(0)}`, {
      status: 410,
      code: "REVISION_EXPIRED",
    });
  });
});

describe("a registry that was restored from a backup, and has since done other things", () => {
  test("takes cursors of what it has in common with what was lost, and refuses all others", async () => {
    await using registry = await TestRegistry.open();
    await push(registry, "kept:v1");
    const common = await cursorOf(registry);
    const restore = await registry.backUp();
    await push(registry, "lost:v1");
    const lost = await cursorOf(registry);
    await restore();
    // Its log does not reach so far, and then it does.
    await refused(registry, lost);
    await push(registry, "other:v1", "other:v2");
    await refused(registry, lost);
    const after = await expectAnswer(registry.host, `GET ${EVENTS}?after=${common}`, { status: 200 });
    const tags = (jsonOf(after) as Streamed[]).map(said).filter((text) => text.startsWith("tag."));
    assert.deepEqual(tags, ["tag.set other:v1", "tag.set other:v2"]);
  });

  test("is followed by a mirror that lists again and says what is different", async () => {
    await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
    const controller = new AbortController();
    const { signal } = controller;
    const client = new Supercargo("http://registry.test", {
      // It comes back at another port.
      fetch: (url, init) => fetch((url as string).replace("registry.test", registry.host), init),
    });
    const mirror = client.mirror({ signal });
    const changes: string[] = [];
    const run = async (): Promise<void> => {
      for await (const { change, ...about } of mirror.changes()) {
        if ("key" in about) changes.push(`${change} ${about.key.replace(/@.*/, "@")}`);
      }
    };
    const running = run();
    const has = (reference: string) => (): boolean => mirror.entries.has(reference);
    try {
      await push(registry, "kept:v1");
      await waitFor("the first push", has("kept:v1"));
      const restore = await registry.backUp();
      await push(registry, "lost:v1");
      await waitFor("what will be lost", has("lost:v1"));
      changes.length = 0;
      await restore();
      await push(registry, "other:v1", "other:v2");
      await waitFor("what is there instead", has("other:v2"));
      assert.deepEqual([...mirror.entries.keys()].filter((key) => key.includes(":v")).toSorted(), [
        "kept:v1",
        "other:v1",
        "other:v2",
      ]);
      assert.ok(changes.includes("deleted lost:v1"));
      assert.ok(!changes.some((text) => text.includes("kept")), "what was kept has not changed");
    } finally {
      controller.abort();
      await running;
    }
  });
});
