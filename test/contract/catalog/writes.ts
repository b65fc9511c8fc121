import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Transaction } from "../../../src/catalog/catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { openNew, type NewPlace, type Opened } from "./place.ts";
import { all, readLog } from "./reading.ts";
import { Replay } from "./replay.ts";
import { APP, blob, byDigest, byTag, manifest, ORIGIN, push, V1, V2 } from "./samples.ts";

const RACERS = 16;
const MOVES_EACH = 8;

export function describeWrites(newPlace: NewPlace): void {
  describe("a write", () => {
    test("that fails leaves no trace, however much it had changed, and its error is passed on", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [kept, lost] = [manifest("kept"), manifest("lost", { config: blob("config") })];
      await push(catalog, { content: kept, tags: [V1, V2] });
      const before = await everything(opened);
      const failure = new Error("connection to the team was lost");
      const failing = catalog.write(APP, ORIGIN, async (tx) => {
        await tx.addBlob(blob("lost"), 1);
        await tx.putManifest(lost, { labels: { lost: "1" } });
        await tx.setTag(V1, lost.digest);
        for (let n = 0; n < 500; n++) await tx.setTag(parseTag(`lost-${n}`), lost.digest);
        await tx.deleteTag(V2);
        throw failure;
      });
      await assert.rejects(failing, (error) => error === failure);
      await assert.rejects(
        catalog.write(APP, ORIGIN, async (tx) => {
          await tx.deleteRepository();
          throw failure;
        }),
        (error) => error === failure,
      );
      assert.deepEqual(await everything(opened), before);
      assert.equal(await catalog.findManifest(APP, byDigest(lost.digest)), undefined);
    });

    test("that fails takes nothing along of those that commit at the same time", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const repositories = Array.from({ length: 30 }, (_, n) => parseName(`r${String(n).padStart(2, "0")}`));
      const outcomes = await Promise.allSettled(
        repositories.map((repository, n) =>
          catalog.write(repository, ORIGIN, async (tx) => {
            await tx.putManifest(manifest(`${n}`));
            await tx.addBlob(blob(`${n}`), 1);
            if (n % 3 === 1) throw new Error("no");
            return n;
          }),
        ),
      );
      const succeeded = repositories.filter((_, n) => n % 3 !== 1);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "failed")),
        repositories.map((_, n) => (n % 3 === 1 ? "failed" : n)),
      );
      assert.deepEqual(await catalog.listRepositories({ limit: 100 }), succeeded);
      assert.equal((await readLog(catalog)).length, succeeded.length * 2);
      assert.equal((await all(catalog.allContents())).length, succeeded.length);
      assert.equal((await all(catalog.allBlobs())).length, succeeded.length);
    });

    test("sees all that came before it in its repository: the chain of a tag is never broken", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { catalog, nodes } = opened;
      const contents = Array.from({ length: RACERS }, (_, n) => manifest(`${n}`));
      for (const content of contents) await push(catalog, { content });
      const found: (string | undefined)[] = [];
      await Promise.all(
        contents.map(async ({ digest }, racer) => {
          for (let move = 0; move < MOVES_EACH; move++) {
            const previous = await nodes[racer % nodes.length]!.write(APP, ORIGIN, async (tx) => {
              const before = await tx.findTag(V1);
              await tx.setTag(V1, digest);
              return before;
            });
            if (previous !== digest) found.push(previous);
          }
        }),
      );
      const events = (await readLog(catalog)).filter((event) => event.type === "tag.set");
      // Replay fails where the chain is broken, and where a tag is set to what it was.
      assert.ok(Replay.of(await readLog(catalog)).tag(APP, V1));
      const inOrder = (digests: (string | undefined)[]): (string | undefined)[] =>
        digests.toSorted((a = "", b = "") => (a < b ? -1 : 1));
      assert.deepEqual(inOrder(events.map((event) => event.previousDigest)), inOrder(found));
    });

    test("that adds to what it has read loses nothing to another", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { catalog, nodes } = opened;
      const content = manifest("a");
      await push(catalog, { content, tags: [parseTag("n0")] });
      const addNext = async (tx: Transaction): Promise<void> => {
        const tags = await tx.tagsOf(content.digest);
        await tx.setTag(parseTag(`n${tags.length}`), content.digest);
      };
      await Promise.all(
        Array.from({ length: RACERS * 2 }, (_, n) => nodes[n % nodes.length]!.write(APP, ORIGIN, addNext)),
      );
      const tags = await catalog.listTags(APP, { limit: 100 });
      assert.equal(tags.length, RACERS * 2 + 1);
    });

    test("reads the state before it, and others read it only when it has committed", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [manifest("a"), manifest("b")];
      await push(catalog, { content: a, tags: [V2, V1] });
      await catalog.write(APP, ORIGIN, async (tx) => {
        await tx.putManifest(b);
        await tx.setTag(V1, b.digest);
        assert.deepEqual(
          [await tx.hasManifest(a.digest), await tx.hasManifest(b.digest), await tx.findTag(V1)],
          [true, false, a.digest],
        );
        assert.deepEqual(await tx.tagsOf(a.digest), [V1, V2]);
        assert.deepEqual((await catalog.findManifest(APP, byTag(V1)))?.digest, a.digest);
        assert.deepEqual(await catalog.bounds(), { revision: 4, oldest: 0 });
      });
      assert.deepEqual((await catalog.findManifest(APP, byTag(V1)))?.digest, b.digest);
    });

    test("that contradicts itself is refused, with no trace", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [manifest("a"), manifest("b")];
      await push(catalog, { content: a, tags: [V1] });
      const contradictions: ((tx: Transaction) => Promise<unknown>)[] = [
        (tx) => tx.setTag(V1, b.digest),
        (tx) => both(tx.deleteTag(V1), () => tx.deleteTag(V1)),
        (tx) => both(tx.setTag(V2, a.digest), () => tx.setTag(V2, a.digest)),
        (tx) => both(tx.deleteTag(V1), () => tx.deleteManifest(a.digest)),
        (tx) => both(tx.deleteManifest(a.digest), () => tx.deleteManifest(a.digest)),
        (tx) => both(tx.setTag(V2, a.digest), () => tx.deleteManifest(a.digest)),
        (tx) => both(tx.deleteManifest(a.digest), () => tx.setTag(V2, a.digest)),
        (tx) => both(tx.putManifest(b), () => tx.deleteRepository()),
        (tx) => both(tx.deleteRepository(), () => tx.putManifest(b)),
      ];
      const before = await everything(opened);
      for (const contradiction of contradictions) {
        await assert.rejects(catalog.write(APP, ORIGIN, contradiction), Error);
      }
      assert.deepEqual(await everything(opened), before);
    });
  });
}

async function both(first: Promise<unknown>, second: () => Promise<unknown>): Promise<void> {
  await first;
  await second();
}

/** All that the catalog holds. */
async function everything({ catalog, engine }: Opened): Promise<unknown> {
  return {
    bounds: await catalog.bounds(),
    events: await readLog(catalog),
    facts: await catalog.facts(),
    blobs: await all(catalog.allBlobs()),
    contents: await all(catalog.allContents()),
    labels: await engine.all(`select digest, key, value from content_label order by digest, key`),
  };
}
