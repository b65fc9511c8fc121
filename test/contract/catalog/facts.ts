import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import { parseName, type RepositoryName } from "../../../src/oci/name.ts";
import { parseTag, type Tag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { openNew, type NewPlace } from "./place.ts";
import { all, readLog } from "./reading.ts";
import { Replay } from "./replay.ts";
import { APP, blob, byDigest, byTag, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";

const MANY_TAGS = 5_000;

export function describeFacts(newPlace: NewPlace): void {
  describe("facts", () => {
    test("absence is no error", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      assert.deepEqual(await catalog.bounds(), { revision: 0, oldest: 0 });
      assert.deepEqual(await catalog.events({ after: 0, limit: 10 }), { revision: 0, events: [] });
      assert.deepEqual(await catalog.facts(), { repositories: [], manifests: [], tags: [] });
      assert.equal(await catalog.hasRepository(APP), false);
      assert.equal(await catalog.findManifest(APP, byTag(V1)), undefined);
      assert.equal(await catalog.findManifest(APP, byDigest(blob("a"))), undefined);
      assert.equal(await catalog.findBlob(APP, blob("a")), undefined);
      assert.deepEqual(await catalog.repositoriesWithBlob(blob("a"), 10), []);
      assert.deepEqual(await catalog.listTags(APP, { limit: 10 }), []);
      assert.deepEqual(await catalog.listRepositories({ limit: 10 }), []);
      const deleted = await catalog.write(APP, ORIGIN, async (tx) => [
        await tx.deleteTag(V1),
        await tx.deleteManifest(blob("a")),
        await tx.removeBlob(blob("a")),
        await tx.deleteRepository(),
      ]);
      assert.deepEqual(deleted, [false, false, false, false]);
      assert.deepEqual(await readLog(catalog), []);
    });

    test("pushing what is there makes no event", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a");
      await push(catalog, { content, tags: [V1] });
      await push(catalog, { content, tags: [V1] });
      assert.deepEqual(await types(catalog), ["repository.created", "manifest.pushed", "tag.set"]);
      await push(catalog, { content, tags: [V1, V2] });
      assert.deepEqual((await types(catalog)).slice(3), ["tag.set"]);
    });

    test("deleting a manifest takes its tags along, one event each, and leaves the others", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [manifest("a"), manifest("b")];
      await push(catalog, { content: a, tags: [V2, V1] });
      await push(catalog, { content: b, tags: [parseTag("v3")] });
      await push(catalog, { repository: OTHER, content: a, tags: [V1] });
      const { revision } = await catalog.bounds();
      assert.equal(await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(a.digest)), true);
      const events = await readLog(catalog, { after: revision });
      assert.deepEqual(
        events.map(({ type, tag, digest }) => [type, tag, digest]),
        [
          ["tag.deleted", V1, a.digest],
          ["tag.deleted", V2, a.digest],
          ["manifest.deleted", undefined, a.digest],
        ],
      );
      assert.equal(await catalog.findManifest(APP, byDigest(a.digest)), undefined);
      assert.ok(await catalog.findManifest(OTHER, byTag(V1)));
      assert.deepEqual(await tagNames(catalog), ["v3"]);
      assert.equal(await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(a.digest)), false);
    });

    test("a repository begins with its first manifest, is empty without any, and ends when it is deleted", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a");
      const listed = async (at?: number): Promise<readonly string[]> => {
        const order = { by: "name", descending: false } as const;
        const page = await catalog.list("repositories", { selector: { empty: false }, order, limit: 10, at });
        return page.items.map((item) => item.name);
      };
      await catalog.write(APP, ORIGIN, (tx) => tx.addBlob(blob("a"), 10));
      assert.equal(await catalog.hasRepository(APP), false);
      await push(catalog, { content, tags: [V1] });
      assert.deepEqual([await catalog.hasRepository(APP), await listed()], [true, [APP]]);
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
      assert.deepEqual([await catalog.hasRepository(APP), await listed()], [true, []]);
      await push(catalog, { content });
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository());
      assert.deepEqual([await catalog.hasRepository(APP), await listed()], [false, []]);
      assert.equal(await catalog.findBlob(APP, blob("a")), undefined);
      await push(catalog, { content });
      assert.deepEqual([await catalog.hasRepository(APP), await listed()], [true, [APP]]);

      assert.deepEqual(await types(catalog), [
        "repository.created",
        "manifest.pushed",
        "tag.set",
        "tag.deleted",
        "manifest.deleted",
        "manifest.pushed",
        "manifest.deleted",
        "repository.deleted",
        "repository.created",
        "manifest.pushed",
      ]);
      assert.deepEqual([await catalog.hasRepository(APP, 5), await listed(5)], [true, []]);
      assert.deepEqual([await catalog.hasRepository(APP, 8), await listed(8)], [false, []]);
      assert.deepEqual([await catalog.hasRepository(APP, 7), await listed(6)], [true, [APP]]);
    });

    test("a repository with thousands of tags is deleted whole, one event for each thing that goes", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a");
      const tags = Array.from({ length: MANY_TAGS }, (_, n) => parseTag(`t${n}`));
      await push(catalog, { content, tags });
      await push(catalog, { repository: OTHER, content, tags: [V1] });
      const { revision } = await catalog.bounds();
      assert.equal(await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository()), true);
      assert.deepEqual(
        (await readLog(catalog, { after: revision })).map((event) => event.tag ?? event.type),
        [...tags.toSorted(), "manifest.deleted", "repository.deleted"],
      );
      assert.deepEqual(await catalog.facts(), Replay.of(await readLog(catalog)).facts());
      assert.equal(
        (await catalog.facts(revision)).tags.filter((tag) => tag.repository === APP).length,
        MANY_TAGS,
      );
      assert.equal(await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository()), false);
    });

    test("a tag keeps the time it was first set when it moves, and begins anew after a delete", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const times = async (): Promise<number[]> => {
        const [tag] = await catalog.listTags(APP, { limit: 1 });
        return [tag?.created.getTime() ?? 0, tag?.updated.getTime() ?? 0];
      };
      using clock = fakeClock(10_000);
      await push(catalog, { content: manifest("a"), tags: [V1] });
      assert.deepEqual(await times(), [10_000, 10_000]);
      clock.set(20_000);
      await push(catalog, { content: manifest("b"), tags: [V1] });
      assert.deepEqual(await times(), [10_000, 20_000]);
      clock.set(30_000);
      await push(catalog, { content: manifest("b"), tags: [V1] });
      assert.deepEqual(await times(), [10_000, 20_000]);
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteTag(V1));
      await push(catalog, { content: manifest("b"), tags: [V1] });
      assert.deepEqual(await times(), [30_000, 30_000]);
    });

    test("names, tags and digests are ordered by their bytes, and `after` need not exist", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const names = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "aa", "b"].map(parseName);
      for (const repository of names.toReversed())
        await push(catalog, { repository, content: manifest("x") });
      assert.deepEqual(await catalog.listRepositories({ limit: 20 }), names);
      assert.deepEqual(await catalog.listRepositories({ after: "a-zz", limit: 2 }), ["a.b", "a/b"]);
      assert.deepEqual(await catalog.listRepositories({ after: "b", limit: 2 }), []);
      assert.deepEqual(await catalog.listRepositories({ limit: 0 }), []);

      const tags = ["1.0", "1.0-rc", "A", "B", "Z.1", "Z_1", "_", "a", "a-b", "a.b", "aB", "ab"].map(
        parseTag,
      );
      await push(catalog, { content: manifest("x"), tags: tags.toReversed() });
      assert.deepEqual(await tagNames(catalog), tags);
      const page = await catalog.listTags(APP, { after: "Zebra", limit: 3 });
      assert.deepEqual(
        page.map((tag) => tag.name),
        ["_", "a", "a-b"],
      );
    });

    test("blobs are members of repositories, without events, until they are removed", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [blob("a"), blob("b")];
      for (const repository of [OTHER, APP]) {
        await catalog.write(repository, ORIGIN, (tx) => tx.addBlob(a, 2 ** 40));
      }
      await catalog.write(APP, ORIGIN, (tx) => tx.addBlob(a, 2 ** 40));
      assert.deepEqual(await catalog.findBlob(APP, a), { size: 2 ** 40 });
      assert.equal(await catalog.findBlob(APP, b), undefined);
      assert.deepEqual(await catalog.repositoriesWithBlob(a, 10), [APP, OTHER]);
      assert.deepEqual(await catalog.repositoriesWithBlob(a, 1), [APP]);
      const many = Array.from({ length: 250 }, (_, n) => blob(`${n}`));
      const among = await catalog.write(OTHER, ORIGIN, async (tx) => {
        for (const digest of many) await tx.addBlob(digest, 1);
        return tx.blobsAmong([...many, a, b]);
      });
      assert.deepEqual(among, new Set([...many, a]));
      await catalog.write(OTHER, ORIGIN, async (tx) => {
        for (const digest of many) await tx.removeBlob(digest);
      });
      assert.deepEqual(await all(catalog.allBlobs()), [
        { repository: APP, digest: a, size: 2 ** 40 },
        { repository: OTHER, digest: a, size: 2 ** 40 },
      ]);
      const removed = await catalog.write(APP, ORIGIN, (tx) => tx.removeBlob(a));
      assert.deepEqual([removed, await catalog.findBlob(APP, a)], [true, undefined]);
      assert.deepEqual(await catalog.repositoriesWithBlob(a, 10), [OTHER]);
      assert.deepEqual(await readLog(catalog), []);
    });

    test("a blob that is added with its bytes has them in that repository, until it is removed from there", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, bytes] = [blob("a"), Buffer.from([0, 1, 255])];
      const bytesIn = (repository: RepositoryName): Promise<Uint8Array | undefined> =>
        catalog.write(repository, ORIGIN, (tx) => tx.bytesOfBlob(a));
      await catalog.write(OTHER, ORIGIN, (tx) => tx.addBlob(a, 3));
      assert.equal(await bytesIn(OTHER), undefined);
      await catalog.write(APP, ORIGIN, (tx) => tx.addBlob(a, 3, bytes));
      assert.deepEqual(Buffer.from((await bytesIn(APP)) ?? []), bytes);
      assert.deepEqual(await members(catalog), [`${APP} ${a} 3 0001ff`, `${OTHER} ${a} 3`]);
      // Nothing takes them away but removal, and a member that was without them gets them.
      await catalog.write(APP, ORIGIN, (tx) => tx.addBlob(a, 3));
      await catalog.write(OTHER, ORIGIN, (tx) => tx.addBlob(a, 3, bytes));
      assert.deepEqual(await members(catalog), [`${APP} ${a} 3 0001ff`, `${OTHER} ${a} 3 0001ff`]);
      await catalog.write(APP, ORIGIN, (tx) => tx.removeBlob(a));
      assert.equal(await bytesIn(APP), undefined);
      assert.deepEqual(await members(catalog), [`${OTHER} ${a} 3 0001ff`]);
      const found = await catalog.findBlob(OTHER, a);
      assert.deepEqual([found?.size, Buffer.from(found?.bytes ?? [])], [3, bytes]);
      await catalog.write(APP, ORIGIN, (tx) => tx.addBlob(blob("empty"), 0, new Uint8Array()));
      assert.equal((await catalog.findBlob(APP, blob("empty")))?.bytes?.byteLength, 0);
    });

    test("all blobs and all contents are read, however many there are", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const blobs = Array.from({ length: 2_345 }, (_, n) => blob(`${n}`)).toSorted();
      await catalog.write(APP, ORIGIN, async (tx) => {
        for (const digest of blobs) await tx.addBlob(digest, 1);
      });
      const contents = Array.from({ length: 25 }, (_, n) => manifest(`${n}`));
      for (const content of contents) await push(catalog, { content });
      const listed = await all(catalog.allBlobs());
      assert.deepEqual(
        listed.map((entry) => entry.digest),
        blobs,
      );
      const stored = await all(catalog.allContents());
      assert.deepEqual(
        stored.map((entry) => entry.digest),
        contents.map((content) => content.digest).toSorted(),
      );
    });
  });
}

async function types(catalog: Catalog): Promise<string[]> {
  return (await readLog(catalog)).map((event) => event.type);
}

async function tagNames(catalog: Catalog): Promise<Tag[]> {
  return (await catalog.listTags(APP, { limit: 100 })).map((tag) => tag.name);
}

/** Every membership as `repository digest size bytes`. */
async function members(catalog: Catalog): Promise<string[]> {
  const blobs = await all(catalog.allBlobs());
  return blobs.map(({ repository, digest, size, bytes }) =>
    [repository, digest, size, ...(bytes ? [Buffer.from(bytes).toString("hex")] : [])].join(" "),
  );
}
