import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import type { TagChange } from "../../../src/catalog/items.ts";
import { fakeClock } from "./clock.ts";
import { openNew, type NewPlace } from "./place.ts";
import { APP, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";

const [A, B] = [manifest("a", { artifactType: "application/x" }), manifest("b", { size: 7 })];

export function describeTagHistory(newPlace: NewPlace): void {
  describe("the history of a tag", () => {
    test("says newest first what it pointed to, from when, and when it was deleted", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await writeHistory(catalog, clock);
      assert.deepEqual(await catalog.tagHistory(APP, V1, { limit: 100 }), HISTORY);
      assert.deepEqual(await catalog.tagHistory(OTHER, V1, { limit: 100 }), []);
    });

    test("comes in pages of any size, each behind the revision at which the one before ended", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      await writeHistory(opened.catalog, clock);
      for (let limit = 1; limit <= HISTORY.length; limit++) {
        const changes: TagChange[] = [];
        for (;;) {
          const before = changes.at(-1)?.revision;
          const page = await opened.catalog.tagHistory(APP, V1, { limit, before });
          assert.ok(page.length <= limit && page.every(({ revision }) => revision < (before ?? Infinity)));
          if (page.length === 0) break;
          changes.push(...page);
        }
        assert.deepEqual(changes, HISTORY);
      }
      for (let before = 0; before <= 20; before++) {
        assert.deepEqual(
          await opened.catalog.tagHistory(APP, V1, { limit: 100, before }),
          HISTORY.filter(({ revision }) => revision < before),
        );
      }
    });

    test("outlives the repository, and compaction", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await writeHistory(catalog, clock);
      clock.set(10_000);
      await catalog.compact(new Date(9_000));
      assert.equal(await catalog.hasRepository(APP), false);
      assert.equal((await catalog.bounds()).oldest, (await catalog.bounds()).revision);
      assert.deepEqual(await catalog.tagHistory(APP, V1, { limit: 100 }), HISTORY);
    });
  });
}

/** A tag that is set, moved, deleted, set again, and deleted with its manifest and then with its repository. */
async function writeHistory(catalog: Catalog, clock: { set(now: number): void }): Promise<void> {
  await push(catalog, { content: A, tags: [V1, V2] });
  clock.set(2_000);
  await push(catalog, { content: B, tags: [V1] });
  clock.set(3_000);
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteTag(V1));
  clock.set(4_000);
  await catalog.write(APP, ORIGIN, (tx) => tx.setTag(V1, A.digest));
  clock.set(5_000);
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(A.digest));
  clock.set(6_000);
  await catalog.write(APP, ORIGIN, (tx) => tx.setTag(V1, B.digest));
  clock.set(7_000);
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository());
}

const ofA = { digest: A.digest, mediaType: A.mediaType, size: A.size, artifactType: "application/x" };
const ofB = { digest: B.digest, mediaType: B.mediaType, size: B.size };

const HISTORY: readonly TagChange[] = [
  { event: "deleted", revision: 13, time: new Date(7_000), ...ofB },
  { event: "set", revision: 12, time: new Date(6_000), ...ofB },
  { event: "deleted", revision: 9, time: new Date(5_000), ...ofA },
  { event: "set", revision: 8, time: new Date(4_000), ...ofA },
  { event: "deleted", revision: 7, time: new Date(3_000), ...ofB },
  { event: "set", revision: 6, time: new Date(2_000), ...ofB, previousDigest: A.digest },
  { event: "set", revision: 3, time: new Date(1_000), ...ofA },
];
