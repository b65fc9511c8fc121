import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { manifestOf } from "../support/artifact.ts";
import { send } from "../support/exchange.ts";
import { isBookmark, Stream, type Streamed } from "../support/stream.ts";
import { TestRegistry } from "../support/registry.ts";

/** More than fits into what lies between a registry and a reader who does not read. */
const WRITES = 200;
const TAGS = Array.from({ length: 99 }, (_, n) => parseTag(`v${n}`));
const EVENTS = WRITES * (TAGS.length + 2);

async function fill(catalog: Catalog): Promise<void> {
  const content = manifest("slow");
  for (let n = 0; n < WRITES; n++) {
    await catalog.write(parseName(`slow/r${n}`), ORIGIN, async (tx) => {
      await tx.putManifest(content);
      for (const tag of TAGS) await tx.setTag(tag, content.digest);
    });
  }
}

function revisionOf({ cursor = "" }: Streamed): number {
  return Number(cursor.split("-")[0]);
}

/** Writers who push and delete at the same time, each request a write of its own. */
async function writeAtOnce(host: string): Promise<void> {
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; n < 12; n++) {
      const pushed = manifestOf({ annotations: { writer: `${writer}`, n: `${n}` } });
      const tags = ["v1", "v2", "v3"].map((tag) => `tag=${tag}`).join("&");
      const target = `/v2/at-once/r${writer}/manifests/${pushed.digest}`;
      const headers = { "Content-Type": pushed.mediaType };
      await send(host, `PUT ${target}?${tags}`, { headers, body: pushed.bytes });
      if (n % 3 === 2) await send(host, `DELETE ${target}`);
    }
  };
  await Promise.all([1, 2, 3, 4].map(write));
}

describe("a reader of many writes", () => {
  test("is told of each without another between, wherever they are cut off, and of nothing before a bookmark", async () => {
    await using registry = await TestRegistry.open({ beatMs: 5 });
    const state = { isOver: false };
    const written = writeAtOnce(registry.host).then(() => (state.isOver = true));
    const requests: string[] = [];
    let [cursor, last, bookmarked] = ["0", 0, 0];
    for (let cut = 1; !state.isOver || last < (await registry.catalog.bounds()).revision; cut++) {
      using stream = await Stream.open(registry.host, `/v2/_supercargo/events?after=${cursor}`);
      for (let seen = 0; seen < (cut % 7) + 1; seen++) {
        const event = await stream.next();
        assert.ok(event?.cursor);
        ({ cursor } = event);
        const revision = revisionOf(event);
        if (isBookmark(event)) bookmarked = revision;
        else {
          assert.ok(
            revision > bookmarked && revision === last + 1,
            `${revision} after ${last}, ${bookmarked}`,
          );
          requests.push(String(event.data["requestId"]));
        }
        last = revision;
      }
    }
    await written;
    const inTurn = requests.filter((request, at) => request !== requests[at - 1]);
    assert.equal(new Set(inTurn).size, inTurn.length, "another write came between the events of one");
    assert.ok(inTurn.length >= 48 && requests.length > 2 * inTurn.length);
  });
});

describe("a reader who is very slow", () => {
  test("is told everything, each once, however far behind they are", async () => {
    await using registry = await TestRegistry.open({ beatMs: 20 });
    using stream = await Stream.open(registry.host, "/v2/_supercargo/events?after=0");
    await fill(registry.catalog);
    let last = 0;
    while (last < EVENTS) {
      const event = await stream.next();
      assert.ok(event);
      if (isBookmark(event)) continue;
      assert.equal(revisionOf(event), last + 1);
      last++;
    }
  });

  test("is told that what they have missed is gone, and never anything that comes behind it", async () => {
    await using registry = await TestRegistry.open({ beatMs: 20 });
    using stream = await Stream.open(registry.host, "/v2/_supercargo/events?after=0");
    await fill(registry.catalog);
    const { revision } = await registry.catalog.bounds();
    assert.equal(revision, EVENTS);
    await registry.catalog.compact(new Date(Date.now() + 1_000));
    let last = 0;
    let failure: Streamed | undefined;
    for (let event = await stream.next(); event; event = await stream.next()) {
      if (event.type === "dev.supercargo.failure") failure = event;
      else if (!isBookmark(event)) assert.equal(revisionOf(event), ++last);
    }
    assert.equal(failure?.data["code"], "REVISION_EXPIRED");
    assert.ok(last < EVENTS, `${last} of ${EVENTS} events were on their way to somebody who did not read`);
  });
});
