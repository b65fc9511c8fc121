import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Catalog, Revision } from "../../../src/catalog/catalog.ts";
import type { Engine } from "../../../src/catalog/engine.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { borrowed, openNew, type NewPlace, type Opened } from "./place.ts";
import { all, readLog } from "./reading.ts";
import { Replay } from "./replay.ts";
import { APP, blob, byDigest, byTag, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";

const DETAILS = { labels: { team: "red" }, platform: { os: "linux", architecture: "amd64" } };
const RACES = 25;

export function describeCompaction(newPlace: NewPlace): void {
  describe("a compaction", () => {
    test("forgets events before a time, and answers for all that it keeps as before", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const { states, cut } = await writeHistory(catalog);
      assert.equal(await catalog.compact(new Date(cut.time)), cut.revision);
      const newest = states.length - 1;
      assert.deepEqual(await catalog.bounds(), { revision: newest, oldest: cut.revision });
      for (const { revision } of states) {
        const read = (): Promise<unknown> => catalog.facts(revision);
        if (revision >= cut.revision) assert.deepEqual(await read(), states[revision]?.facts());
        else
          await assert.rejects(read, { code: "REVISION_EXPIRED", detail: { oldest: cut.revision, newest } });
      }
      for (const after of [0, cut.revision - 1]) {
        await assert.rejects(catalog.events({ after, limit: 10 }), { code: "REVISION_EXPIRED" });
      }
      // The facts at the cut and the log after it give the facts of now.
      const later = await readLog(catalog, { after: cut.revision });
      const replay = states[cut.revision]!;
      for (const event of later) replay.apply(event);
      assert.deepEqual(await catalog.facts(), replay.facts());
      for (const event of later) assert.equal(event.manifest !== undefined, event.digest !== undefined);
    });

    test("lets a manifest that it forgot come back as what it is pushed as then", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      for (const mediaType of ["application/vnd.one+json", "application/vnd.other+json"]) {
        const content = manifest("again", { mediaType });
        await push(catalog, { content });
        assert.equal((await catalog.findManifest(APP, byDigest(content.digest)))?.mediaType, mediaType);
        await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
        await compactAll(catalog);
      }
    });

    test("that finds nothing older changes nothing", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const { cut, states } = await writeHistory(catalog);
      assert.equal(await catalog.compact(new Date(0)), 0);
      assert.deepEqual(Replay.of(await readLog(catalog)).facts(), states.at(-1)?.facts());
      assert.equal(await catalog.compact(new Date(cut.time)), cut.revision);
      assert.equal(await catalog.compact(new Date(0)), cut.revision);
    });

    test("drops what only forgotten facts needed, save what a tag's history says", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      const parts = {
        config: blob("config"),
        annotations: { a: "1" },
        children: [blob("child")],
        platforms: [{ os: "linux", architecture: "riscv64" }],
      };
      const [kept, tagged, untagged] = [
        manifest("kept"),
        manifest("tagged", parts),
        manifest("untagged", parts),
      ];
      await push(catalog, { content: kept, tags: [V1] });
      await push(catalog, { content: tagged, tags: [V2] });
      for (const repository of [APP, OTHER]) {
        await push(catalog, { repository, content: untagged });
        await catalog.write(repository, ORIGIN, (tx) => tx.describe(blob("config"), DETAILS));
      }
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(tagged.digest));
      for (const repository of [APP, OTHER]) {
        await catalog.write(repository, ORIGIN, (tx) => tx.deleteManifest(untagged.digest));
      }
      await compactAll(catalog);
      const contents = await all(catalog.allContents());
      const hasBytes = new Map(contents.map(({ digest, bytes }) => [digest, bytes !== undefined]));
      assert.deepEqual(
        hasBytes,
        new Map([
          [kept.digest, true],
          [tagged.digest, false],
        ]),
      );
      assert.ok((await catalog.findManifest(APP, byTag(V1)))?.bytes);
      const history = await engine.all(
        `select t.name, c.media_type, c.size from tag t join content c on c.digest = t.digest order by t.name`,
      );
      assert.deepEqual(history, [
        { name: V1, media_type: kept.mediaType, size: kept.size },
        { name: V2, media_type: tagged.mediaType, size: tagged.size },
      ]);
      // What describes other manifests of the same config does not bring back what was dropped.
      await catalog.write(OTHER, ORIGIN, (tx) => tx.describe(blob("config"), DETAILS));
      const [, ...details] = await contentRows(opened);
      assert.deepEqual(details.flat(), [
        { digest: kept.digest, blob: kept.blobs[0]?.digest, size: kept.blobs[0]?.size },
      ]);
      const { oldest } = await catalog.bounds();
      assert.deepEqual(await engine.all(`select revision from event`), [{ revision: oldest }]);
    });

    test("lets a manifest that is pushed again be whole again", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a", {
        config: blob("config"),
        subject: blob("subject"),
        annotations: { a: "1" },
        children: [blob("child")],
        platforms: [{ os: "linux", architecture: "riscv64" }],
      });
      const pushIt = (): Promise<void> =>
        catalog.write(APP, ORIGIN, async (tx) => {
          await tx.putManifest(content, DETAILS);
          await tx.setTag(V1, content.digest);
        });
      await pushIt();
      const before = await contentRows(opened);
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
      await compactAll(catalog);
      assert.notDeepEqual(await contentRows(opened), before);
      assert.equal(await catalog.findManifest(APP, byDigest(content.digest)), undefined);
      await pushIt();
      assert.deepEqual(await contentRows(opened), before);
      assert.ok(content.bytes && (await catalog.findManifest(APP, byTag(V1)))?.bytes);
      assert.equal(await catalog.write(APP, ORIGIN, (tx) => tx.awaitsConfig(blob("config"))), false);
    });

    test("that is broken off has lost nothing, and the next one completes it", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      const content = manifest("many");
      const tags = Array.from({ length: 700 }, (_, n) => parseTag(`t${n}`));
      await push(catalog, { repository: OTHER, content, tags });
      await catalog.write(OTHER, ORIGIN, (tx) => tx.deleteRepository());
      await push(catalog, { content: manifest("kept"), tags: [V1] });
      const facts = await catalog.facts();
      const before = new Date(Date.now() + 1);
      let isDone = false;
      for (let transactions = 1; !isDone; transactions++) {
        await using failing = await openCatalog(failingAfter(engine, transactions));
        isDone = await failing.compact(before).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof Error && error.message === "broken off");
            return false;
          },
        );
        assert.deepEqual(await catalog.facts(), facts);
        assert.ok((await catalog.findManifest(APP, byTag(V1)))?.bytes);
      }
      assert.deepEqual(await catalog.bounds(), { revision: 1_407, oldest: 1_407 });
      assert.deepEqual(await engine.all(`select revision from event`), [{ revision: 1_407 }]);
      assert.deepEqual(await engine.all(`select digest from manifest where until is not null`), []);
    });

    test("waits for a push that is about to need again what nothing else needs any more", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { catalog, nodes } = opened;
      const content = manifest("a");
      await push(catalog, { content });
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
      let compaction: Promise<unknown> | undefined;
      await catalog.write(OTHER, ORIGIN, async (tx) => {
        await tx.putManifest(content);
        compaction = compactAll(nodes.at(-1)!);
        // Enough turns for the compaction to come as far as it can.
        for (let turn = 0; turn < 200; turn++) await tx.hasManifest(content.digest);
      });
      await compaction;
      assert.ok((await catalog.findManifest(OTHER, byDigest(content.digest)))?.bytes);
    });

    test("never loses what is pushed, deleted and pushed again meanwhile, nor shows a reader half a log", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { catalog, nodes, engine } = opened;
      const content = manifest("contended", { annotations: { a: "1" } });
      const racers = Promise.all(
        [APP, OTHER].map((repository, n) => pushAndDelete(nodes[n % nodes.length]!, repository)),
      );
      const over = new AbortController();
      void racers.finally(() => over.abort()).catch(() => {});
      const compactions = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await compactAll(nodes.at(-1)!);
          await setImmediate();
        }
      };
      const reading = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await readOrExpire(catalog);
          await setImmediate();
        }
      };
      await Promise.all([racers, compactions(), reading()]);
      for (const repository of [APP, OTHER])
        assert.ok((await catalog.findManifest(repository, byTag(V1)))?.bytes);
      assert.equal((await engine.all(`select digest from content_annotation`)).length, 1);

      async function pushAndDelete(node: Catalog, repository: typeof APP): Promise<void> {
        for (let race = 0; race < RACES; race++) {
          await push(node, { repository, content, tags: [V1] });
          const found = await node.findManifest(repository, byTag(V1));
          assert.ok(found?.bytes, "a manifest was lost to a compaction");
          if (race < RACES - 1)
            await node.write(repository, ORIGIN, (tx) => tx.deleteManifest(content.digest));
        }
      }
    });
  });
}

/** Forgets all that has ended by now. */
function compactAll(catalog: Catalog): Promise<Revision> {
  return catalog.compact(new Date(Date.now() + 60_000));
}

/** Reads the log and the facts from wherever they begin: both are whole, or say that they have expired. */
async function readOrExpire(catalog: Catalog): Promise<void> {
  const { oldest } = await catalog.bounds();
  try {
    const facts = await catalog.facts(oldest);
    assert.equal(facts.manifests.length, facts.tags.length);
    const { events, revision } = await catalog.events({ after: oldest, limit: 1_000 });
    assert.deepEqual(
      events.map((event) => event.revision),
      Array.from({ length: revision - oldest }, (_, n) => oldest + n + 1),
    );
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "REVISION_EXPIRED")) throw error;
  }
}

/** Writes facts that begin and end on both sides of a cut. */
async function writeHistory(
  catalog: Catalog,
): Promise<{ states: Replay[]; cut: { revision: Revision; time: number } }> {
  using clock = fakeClock(1_000_000);
  const [a, b, c] = [manifest("a"), manifest("b"), manifest("c")];
  await push(catalog, { content: a, tags: [V1, V2] });
  await push(catalog, { repository: OTHER, content: a, tags: [V1] });
  await push(catalog, { content: b, tags: [V1] });
  await catalog.write(OTHER, ORIGIN, (tx) => tx.deleteRepository());
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteTag(V2));
  const { revision } = await catalog.bounds();
  clock.set(2_000_000);
  await push(catalog, { repository: OTHER, content: b, tags: [V2] });
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(b.digest));
  await push(catalog, { content: c, tags: [V1] });
  await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(a.digest));
  return { states: Replay.states(await readLog(catalog)), cut: { revision, time: 2_000_000 } };
}

/** All rows that say what a digest means. */
async function contentRows({ engine }: Opened): Promise<unknown[][]> {
  const queries = [
    `select * from content order by digest`,
    `select * from content_blob order by digest, blob`,
    `select * from content_child order by digest, child`,
    `select * from content_platform order by digest, platform`,
    `select * from content_annotation order by digest, key`,
    `select * from content_label order by digest, key`,
  ];
  return Promise.all(queries.map((query) => engine.all(query)));
}

/** An engine that is gone after so many transactions. */
function failingAfter(engine: Engine, transactions: number): Engine {
  // Opening takes one, to find that there is no step to take.
  let left = transactions + 1;
  return borrowed(engine, {
    transaction: (change) =>
      left-- > 0 ? engine.transaction(change) : Promise.reject(new Error("broken off")),
  });
}
