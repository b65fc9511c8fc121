import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { openNew, type NewPlace } from "./place.ts";
import { manifest, push } from "./samples.ts";

export function describeMoments(newPlace: NewPlace): void {
  describe("the revision at a time", () => {
    test("is the newest that had come by then, and the first one before all", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      assert.equal(await catalog.revisionAt(new Date(1_000)), 0);
      await push(catalog, { content: manifest("a") });
      clock.set(3_000);
      await push(catalog, { content: manifest("b"), tags: [parseTag("b")] });
      const times = [0, 999, 1_000, 2_999, 3_000, 4_000];
      const revisions = await Promise.all(times.map((time) => catalog.revisionAt(new Date(time))));
      assert.deepEqual(revisions, [0, 0, 2, 2, 4, 4]);
    });

    test("is known since the event at which a compaction cut the log, even where that was the last", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: manifest("a") });
      clock.set(3_000);
      await push(catalog, { content: manifest("b") });
      clock.set(5_000);
      await push(catalog, { content: manifest("c") });
      const expired = { code: "REVISION_EXPIRED", detail: { oldest: 3 } };
      assert.equal(await catalog.compact(new Date(4_000)), 3);
      await assert.rejects(catalog.revisionAt(new Date(2_999)), expired);
      assert.equal(await catalog.revisionAt(new Date(3_000)), 3);
      assert.equal(await catalog.revisionAt(new Date(4_999)), 3);
      assert.equal(await catalog.compact(new Date(6_000)), 4);
      await assert.rejects(catalog.revisionAt(new Date(4_999)), { ...expired, detail: { oldest: 4 } });
      assert.equal(await catalog.revisionAt(new Date(1_000_000)), 4);
      const { items } = await catalog.list("manifests", {
        selector: { createdSince: new Date(3_000) },
        order: { by: "created", descending: false },
        limit: 10,
      });
      assert.deepEqual(
        items.map((item) => item.digest),
        [manifest("b").digest, manifest("c").digest],
      );
    });
  });
}
