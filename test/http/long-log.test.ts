import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { Tail } from "../../src/registry/tail.ts";
import { deliver } from "../../src/webhooks/delivery.ts";
import { TAKEN } from "../../src/webhooks/sink.ts";
import { APP, manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { Stream } from "../support/stream.ts";

const EVENTS = "/v2/_supercargo/events";
const WRITES = 20;
const TAGS_EACH = 1_000;

const registry = await TestRegistry.open({ beatMs: 0 });
after(() => registry[Symbol.asyncDispose]());
const { catalog } = registry;

before(async () => {
  const content = manifest("one");
  for (let write = 0; write < WRITES; write++) {
    await catalog.write(APP, ORIGIN, async (tx) => {
      await tx.putManifest(content);
      for (let n = 0; n < TAGS_EACH; n++) await tx.setTag(parseTag(`t${write}-${n}`), content.digest);
    });
  }
});

/** How often the catalog is asked for a page while `run` runs, and how often it was when another request was answered. */
async function readings(
  { mock }: TestContext,
  asked: "events" | "list",
  run: () => Promise<unknown>,
): Promise<{ readonly untilAnswer: number; readonly all: number }> {
  const read = catalog[asked].bind(catalog) as () => Promise<unknown>;
  const first = Promise.withResolvers<void>();
  const spy = mock.method(catalog, asked as keyof Catalog, (...of: Parameters<typeof read>) => {
    first.resolve();
    return read(...of);
  });
  const running = run();
  await first.promise;
  await expectAnswer(registry.host, "GET /v2/", { status: 200 });
  const untilAnswer = spy.mock.callCount();
  await running;
  return { untilAnswer, all: spy.mock.callCount() };
}

describe("while somebody goes through a long log of which they mean nothing", () => {
  test("a stream lets other requests be answered, and says how far it is", async (context) => {
    const { revision } = await catalog.bounds();
    const { untilAnswer, all } = await readings(context, "events", async () => {
      using stream = await Stream.open(registry.host, `${EVENTS}?after=0&tag=none`);
      const first = Number((await stream.next())?.data["revision"]);
      assert.ok(first > 0 && first < revision, `${first} is on the way to ${revision}`);
      await stream.until(({ data }) => data["revision"] === revision);
    });
    assert.ok(untilAnswer < all / 2, `${untilAnswer} of ${all} pages`);
  });

  test("a page does", async (context) => {
    const path = `${EVENTS}?after=0&tag=none`;
    const run = (): Promise<unknown> => expectAnswer(registry.host, `GET ${path}`, { status: 200, json: [] });
    const { untilAnswer, all } = await readings(context, "events", run);
    assert.ok(untilAnswer < all, `${untilAnswer} of ${all} pages`);
  });

  test("a delivery does", async (context) => {
    using tail = new Tail(catalog);
    const { revision } = await catalog.bounds();
    const controller = new AbortController();
    const run = (): Promise<unknown> =>
      deliver({
        tail,
        sink: {
          eventsMax: 1,
          deliver: async () => TAKEN,
          probe: async () => TAKEN,
          [Symbol.asyncDispose]: async () => {},
        },
        selector: { tag: "none" },
        progress: { cursor: 0, failures: 0 },
        note: async ({ cursor }) => {
          if (cursor === revision) controller.abort();
          return true;
        },
        attempted: () => {},
        isHeld: () => true,
        signal: controller.signal,
      });
    const { untilAnswer, all } = await readings(context, "events", run);
    assert.ok(untilAnswer < all, `${untilAnswer} of ${all} pages`);
  });
});

describe("the present", () => {
  test("is told to its end while other requests are answered", async (context) => {
    const { untilAnswer, all } = await readings(context, "list", async () => {
      using stream = await Stream.open(registry.host, `${EVENTS}?snapshot=true`);
      assert.equal((await stream.untilBookmark()).length, WRITES * TAGS_EACH + 2);
    });
    assert.ok(untilAnswer < all / 2, `${untilAnswer} of ${all} pages`);
  });

  test("is looked through by the list that has what is meant, and by no other", async ({ mock }) => {
    const spy = mock.method(catalog, "list");
    const meant = async (query: string): Promise<[number, string[]]> => {
      spy.mock.resetCalls();
      using stream = await Stream.open(registry.host, `${EVENTS}?snapshot=true&${query}`);
      const { length } = await stream.untilBookmark();
      return [length, spy.mock.calls.map((call) => call.arguments[0])];
    };
    const { digest } = manifest("one");
    assert.deepEqual(await meant("tag=none"), [0, ["tags"]]);
    assert.deepEqual(await meant("tag=t7-77"), [1, ["tags"]]);
    assert.deepEqual(await meant("tag=none*&type=tag.set,manifest.pushed"), [0, ["tags"]]);
    assert.deepEqual(await meant(`digest=${digest}&type=manifest.pushed`), [1, ["manifests"]]);
    assert.deepEqual(await meant("artifactType=none"), [0, ["manifests", "tags"]]);
    assert.deepEqual(await meant("mediaType=none"), [0, ["manifests", "tags"]]);
    assert.deepEqual(await meant("under=other"), [0, ["repositories", "manifests", "tags"]]);
    assert.deepEqual(await meant("name=team/*&type=repository.created"), [1, ["repositories"]]);
    assert.deepEqual(await meant("type=tag.deleted"), [0, []]);
  });
});
