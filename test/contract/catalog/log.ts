import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog, Event } from "../../../src/catalog/catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { openNew, type NewPlace } from "./place.ts";
import { assertUnbroken, follow, readLog } from "./reading.ts";
import { Replay } from "./replay.ts";
import { APP, blob, byTag, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";

const WRITERS = 16;
const WRITES_EACH = 12;

export function describeLog(newPlace: NewPlace): void {
  describe("the log", () => {
    test("says of each change who made it, when, and what it was about", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a", { artifactType: "application/vnd.a", subject: blob("subject") });
      const moved = manifest("b");
      using clock = fakeClock(1_000);
      await push(catalog, { content, tags: [V1] });
      await push(catalog, { content: moved, tags: [V1] });
      clock.set(2_000);
      await catalog.write(APP, { actor: "bob", requestId: "request-2" }, (tx) => tx.deleteTag(V1));

      const page = await catalog.events({ after: 0, limit: 100 });
      assert.equal(page.revision, 6);
      const { digest, mediaType, artifactType, size, imageSize, subject } = content;
      const summary = { mediaType, artifactType, size, imageSize, subject };
      const other = { mediaType, size: moved.size, imageSize };
      const bob = { time: new Date(2_000), repository: APP, actor: "bob", requestId: "request-2" };
      const ada = { time: new Date(1_000), repository: APP, ...ORIGIN };
      assert.deepEqual(page.events, [
        { revision: 1, type: "repository.created", ...ada },
        { revision: 2, type: "manifest.pushed", ...ada, digest, manifest: summary },
        { revision: 3, type: "tag.set", ...ada, tag: V1, digest, manifest: summary },
        { revision: 4, type: "manifest.pushed", ...ada, digest: moved.digest, manifest: other },
        {
          revision: 5,
          type: "tag.set",
          ...ada,
          tag: V1,
          digest: moved.digest,
          previousDigest: digest,
          manifest: other,
        },
        { revision: 6, type: "tag.deleted", ...bob, tag: V1, digest: moved.digest, manifest: other },
      ]);
    });

    test("gives the event of a revision, also of the one at which it was cut, be it the last", async () => {
      using clock = fakeClock(1_000);
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: manifest("a"), tags: [V1] });
      clock.set(2_000);
      await push(catalog, { content: manifest("b") });
      const events = await readLog(catalog);
      const found = (): Promise<(Event | undefined)[]> =>
        Promise.all([0, 1, 2, 3, 4, 5].map((revision) => catalog.findEvent(revision)));
      assert.deepEqual(await found(), [undefined, ...events, undefined]);
      await catalog.compact(new Date(2_000));
      assert.deepEqual(await found(), [undefined, undefined, undefined, ...events.slice(2), undefined]);
      await catalog.compact(new Date(3_000));
      assert.deepEqual(await found(), [undefined, undefined, undefined, undefined, events[3], undefined]);
    });

    test("has no gap at any time while 16 write at once, and commits are in its order", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { nodes } = opened;
      const work = Promise.all(
        Array.from({ length: WRITERS }, (_, writer) => writeAlone(nodes[writer % nodes.length]!, writer)),
      );
      const followers = await Promise.all(
        [1, 7, 1_000].map((limit, n) => follow(nodes[n % nodes.length]!, { after: 0, limit, work })),
      );
      await work;
      const { revision } = await opened.catalog.bounds();
      assert.equal(revision, WRITERS * (WRITES_EACH * 2 + 1));
      for (const seen of followers) assertUnbroken(seen, { after: 0, last: revision });
    });

    test("misses nothing and repeats nothing from any revision, broken off anywhere, with pages of any size", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await writeAlone(catalog, 1);
      await catalog.write(parseName("writer-1"), ORIGIN, (tx) => tx.deleteRepository());
      const all = await readLog(catalog);
      for (let limit = 1; limit <= all.length + 1; limit += 3) {
        for (let after = 0; after <= all.length; after += 5) {
          assert.deepEqual(await readLog(catalog, { after, limit }), all.slice(after));
        }
      }
    });

    test("replayed from nothing gives the facts, and up to a revision the facts at it", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [manifest("a"), manifest("b")];
      await push(catalog, { content: a, tags: [V1, V2] });
      await push(catalog, { repository: OTHER, content: a, tags: [V1] });
      await push(catalog, { content: b, tags: [V1] });
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(a.digest));
      await catalog.write(OTHER, ORIGIN, (tx) => tx.deleteRepository());
      await push(catalog, { repository: OTHER, content: b, tags: [V2] });
      const states = Replay.states(await readLog(catalog));
      assert.deepEqual(await catalog.facts(), states.at(-1)?.facts());
      for (const state of states) assert.deepEqual(await catalog.facts(state.revision), state.facts());
    });

    test("outlives the one who wrote it", async () => {
      await using place = await newPlace();
      const open = (): ReturnType<typeof openNew> =>
        openNew(() => Promise.resolve({ ...place, [Symbol.asyncDispose]: () => Promise.resolve() }));
      const first = await open();
      await push(first.catalog, { content: manifest("a"), tags: [V1] });
      const events = await readLog(first.catalog);
      await first[Symbol.asyncDispose]();
      await using second = await open();
      assert.deepEqual(await readLog(second.catalog), events);
      assert.ok(await second.catalog.findManifest(APP, byTag(V1)));
      await push(second.catalog, { content: manifest("b"), tags: [V1] });
      assertUnbroken(
        (await readLog(second.catalog)).map((event) => event.revision),
        { after: 0, last: 5 },
      );
    });

    test("refuses a revision that has not happened, and facts at it", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: manifest("a") });
      assert.deepEqual(await catalog.events({ after: 2, limit: 10 }), { revision: 2, events: [] });
      const refusals = [
        () => catalog.events({ after: 3, limit: 10 }),
        () => catalog.facts(3),
        () => catalog.hasRepository(APP, 3),
        () => catalog.findManifest(APP, byTag(V1), 3),
        () =>
          catalog.list("tags", { selector: {}, order: { by: "name", descending: false }, limit: 10, at: 3 }),
      ];
      for (const refusal of refusals) {
        await assert.rejects(refusal, { code: "REVISION_UNKNOWN", detail: { oldest: 0, newest: 2 } });
      }
    });

    test("never goes back in time, even when the clock does", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      using clock = fakeClock(1_000_000);
      await push(catalog, { content: manifest("a"), tags: [V1] });
      clock.set(400_000);
      await push(catalog, { content: manifest("b"), tags: [V1, V2] });
      clock.set(2_000_000);
      await push(catalog, { content: manifest("c"), tags: [V1] });
      const events = await readLog(catalog);
      assert.deepEqual(
        events.map((event) => event.time.getTime() / 1_000),
        [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 2_000],
      );
      const [v1, v2] = await catalog.listTags(APP, { limit: 10 });
      assert.deepEqual([v1?.created.getTime(), v1?.updated.getTime()], [1_000_000, 2_000_000]);
      assert.deepEqual([v2?.created.getTime(), v2?.updated.getTime()], [1_000_000, 1_000_000]);
    });
  });
}

/** Pushes manifests, each with a tag that moves along, to a repository that nobody else writes to. */
async function writeAlone(catalog: Catalog, writer: number): Promise<void> {
  const repository = parseName(`writer-${writer}`);
  for (let n = 0; n < WRITES_EACH; n++) {
    await push(catalog, { repository, content: manifest(`${writer} ${n}`), tags: [parseTag("latest")] });
  }
}
