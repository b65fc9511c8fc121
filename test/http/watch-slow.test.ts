import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { isBookmark, Stream, type Streamed } from "../support/stream.ts";
import { TestRegistry } from "../support/registry.ts";

/** More than fits into what lies between a registry and a reader who does not read. */
const WRITES = 300;
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
