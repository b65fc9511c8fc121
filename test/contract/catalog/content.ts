import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import type { Catalog, ConfigDetails, Referrer } from "../../../src/catalog/catalog.ts";
import type { Engine } from "../../../src/catalog/engine.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import type { RepositoryName } from "../../../src/oci/name.ts";
import { openNew, type NewPlace } from "./place.ts";
import { APP, blob, byDigest, byTag, manifest, ORIGIN, OTHER, push, V1 } from "./samples.ts";

const SUBJECT = blob("subject");
const CONFIG = blob("config");
const DETAILS: ConfigDetails = {
  imageCreated: new Date("2020-02-02T00:00:00Z"),
  labels: { team: "red" },
  platform: { os: "linux", architecture: "arm64", variant: "v8" },
};
const ROOM = 100_000_000;

export function describeContent(newPlace: NewPlace): void {
  describe("a manifest", () => {
    test("comes back byte for byte, whatever its bytes, with the media type it was pushed with", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.from([0, 255, 10, 0, 128]),
        randomBytes(4 * 1024 * 1024),
      ]) {
        const content = manifest("", { bytes, digest: digestOf(bytes), mediaType: "application/vnd.x+json" });
        await push(catalog, { content, tags: [V1] });
        for (const reference of [byTag(V1), byDigest(content.digest)]) {
          const found = await catalog.findManifest(APP, reference);
          assert.ok(found && Buffer.from(bytes).equals(found.bytes));
          const { repository, digest, mediaType } = found;
          assert.deepEqual([repository, digest, mediaType], [APP, content.digest, "application/vnd.x+json"]);
        }
      }
    });

    test("is found in its repository alone, and at revisions at which it was there", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const [a, b] = [manifest("a"), manifest("b")];
      await push(catalog, { content: a, tags: [V1] });
      await push(catalog, { content: b, tags: [V1] });
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(a.digest));
      const digestAt = async (at?: number): Promise<unknown> =>
        (await catalog.findManifest(APP, byTag(V1), at))?.digest;
      assert.equal(await catalog.findManifest(OTHER, byDigest(a.digest)), undefined);
      assert.deepEqual(
        [await digestAt(2), await digestAt(3), await digestAt(4), await digestAt(5), await digestAt()],
        [undefined, a.digest, a.digest, b.digest, b.digest],
      );
      assert.ok(await catalog.findManifest(APP, byDigest(a.digest), 5));
      assert.equal(await catalog.findManifest(APP, byDigest(a.digest), 6), undefined);
    });

    test("keeps its annotations exactly, hostile ones too", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const annotations: Record<string, string> = Object.fromEntries([
        ["__proto__", "own"],
        ["constructor", "\0 in a value"],
        ["\0 in a key", "x"],
        ["", ""],
        ["emoji 🐳", "👩‍🚀"],
        ["half a pair \ud83d", "\udc33"],
        ["half a pair \ud83e", "other"],
        ["quote ' \" \\ ? $1", "%_"],
        ["long", "ü".repeat(512 * 1024)],
        ["k".repeat(5_000), "long key"],
      ]);
      await push(catalog, { content: manifest("a", { subject: SUBJECT, annotations }) });
      const [referrer] = await referrers(catalog);
      assert.deepEqual(Object.entries(referrer?.annotations ?? {}), Object.entries(annotations));
      const many = Object.fromEntries(Array.from({ length: 390 }, (_, n) => [`k${n}`, "v".repeat(10_000)]));
      await push(catalog, {
        repository: OTHER,
        content: manifest("b", { subject: SUBJECT, annotations: many }),
      });
      const [other] = await referrers(catalog, { repository: OTHER });
      assert.deepEqual(other?.annotations, many);
    });
  });

  describe("referrers", () => {
    test("are listed by digest, of one repository, filtered by type, and gone after a delete", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const contents = Array.from({ length: 5 }, (_, n) =>
        manifest(`${n}`, {
          subject: SUBJECT,
          annotations: { n: `${n}` },
          ...(n % 2 === 0 && { artifactType: "application/vnd.even" }),
        }),
      ).toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
      for (const content of contents.toReversed()) await push(catalog, { content });
      await push(catalog, { content: manifest("of another", { subject: blob("another") }) });
      await push(catalog, { repository: OTHER, content: manifest("elsewhere", { subject: SUBJECT }) });

      const expected = contents.map(({ digest, mediaType, size, artifactType, annotations }) => ({
        digest,
        mediaType,
        size,
        ...(artifactType && { artifactType }),
        annotations,
      }));
      assert.deepEqual(await referrers(catalog), expected);
      const even = { artifactType: "application/vnd.even" };
      assert.deepEqual(
        await referrers(catalog, even),
        expected.filter((referrer) => referrer.artifactType),
      );
      assert.deepEqual(await referrers(catalog, { artifactType: "application/vnd.none" }), []);

      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(contents[0]!.digest));
      assert.deepEqual(await referrers(catalog), expected.slice(1));
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository());
      assert.deepEqual(await referrers(catalog), []);
    });

    test("come in pages that end at a number or at a size, and miss none", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const sizes = [10, 400, 30, 2_000, 20, 20, 300];
      for (const [n, size] of sizes.entries()) {
        await push(catalog, {
          content: manifest(`${n}`, { subject: SUBJECT, annotations: { pad: "x".repeat(size) } }),
        });
      }
      const all = await referrers(catalog);
      assert.equal(all.length, sizes.length);
      for (const [limit, bytesMax] of [
        [1, ROOM],
        [3, ROOM],
        [7, ROOM],
        [7, 500],
        [7, 1],
        [2, 500],
      ] as const) {
        const seen: Referrer[] = [];
        for (let more = true; more;) {
          const page = await catalog.listReferrers(APP, SUBJECT, {
            after: seen.at(-1)?.digest,
            limit,
            bytesMax,
          });
          const bytes = page.referrers.map((referrer) => JSON.stringify(referrer.annotations).length);
          assert.ok(page.referrers.length > 0 && page.referrers.length <= limit);
          assert.ok(bytes.length === 1 || bytes.reduce((sum, size) => sum + size, 0) <= bytesMax);
          assert.ok(page.referrers.every((referrer) => referrer.digest > (seen.at(-1)?.digest ?? "")));
          seen.push(...page.referrers);
          ({ more } = page);
        }
        assert.deepEqual(seen, all);
      }
    });
  });

  describe("what a config says", () => {
    for (const order of ["before", "with", "after"] as const) {
      test(`is noted when the config arrives ${order} the manifest, and in repositories that have it`, async () => {
        await using opened = await openNew(newPlace);
        const { catalog, engine } = opened;
        const content = manifest("a", { config: CONFIG });
        await push(catalog, { repository: OTHER, content });
        if (order === "before") await catalog.write(APP, ORIGIN, (tx) => tx.describe(CONFIG, DETAILS));
        const details = order === "after" ? undefined : DETAILS;
        await catalog.write(APP, ORIGIN, (tx) => tx.putManifest(content, details));
        if (order === "after") {
          assert.deepEqual([await awaits(catalog, APP), await shown(engine, APP)], [true, undefined]);
          await catalog.write(APP, ORIGIN, (tx) => tx.describe(CONFIG, DETAILS));
        }
        assert.deepEqual([await awaits(catalog, APP), await awaits(catalog, OTHER)], [false, true]);
        assert.deepEqual(await shown(engine, APP), {
          labels: { team: "red" },
          platforms: ["linux/arm64/v8"],
        });
        assert.deepEqual(await shown(engine, OTHER), undefined);
        const [row] = await engine.all(`select image_created, labels from content`);
        assert.deepEqual(row, { image_created: DETAILS.imageCreated?.getTime(), labels: '{"team":"red"}' });

        await catalog.write(OTHER, ORIGIN, (tx) => tx.describe(CONFIG, DETAILS));
        assert.equal(await awaits(catalog, OTHER), false);
        assert.deepEqual(await shown(engine, OTHER), await shown(engine, APP));
        assert.equal((await catalog.bounds()).revision, 4);
      });
    }

    test("is noted for a manifest that was deleted and is pushed again", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      const content = manifest("a", { config: CONFIG });
      const pushed = (): Promise<void> =>
        catalog.write(APP, ORIGIN, (tx) => tx.putManifest(content, DETAILS));
      await pushed();
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
      assert.equal(await awaits(catalog, APP), false);
      await pushed();
      assert.deepEqual((await shown(engine, APP))?.labels, { team: "red" });
    });

    test("is kept exactly, hostile labels too, and indexed only as far as an index can hold it", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      const labels = Object.fromEntries([
        ["__proto__", "own"],
        ["nul", "a\0b"],
        ["emoji", "🐳"],
        ["half", "\ud83d"],
        ["long", "x".repeat(1024 * 1024)],
        ["k".repeat(300), "v"],
        ["edge", "e".repeat(1_024)],
      ]);
      const content = manifest("a", { config: CONFIG });
      await catalog.write(APP, ORIGIN, (tx) => tx.putManifest(content, { labels }));
      const [row] = await engine.all<{ labels: string }>(`select labels from content`);
      assert.deepEqual(Object.entries(JSON.parse(row?.labels ?? "{}") as object), Object.entries(labels));
      const indexed = Object.entries((await shown(engine, APP))?.labels ?? {});
      assert.deepEqual(indexed, [
        ["__proto__", "own"],
        ["edge", "e".repeat(1_024)],
        ["emoji", "🐳"],
      ]);
    });

    test("does not make two that push the same at once wait for each other for ever", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { nodes, engine } = opened;
      const contents = Array.from({ length: 6 }, (_, n) => manifest(`${n}`, { config: CONFIG }));
      await Promise.all(
        [APP, OTHER].flatMap((repository, r) =>
          contents.map((content, n) =>
            nodes[(n + r) % nodes.length]!.write(repository, ORIGIN, (tx) =>
              tx.putManifest(content, DETAILS),
            ),
          ),
        ),
      );
      const rows = await engine.all(`select 1 from manifest where described = 1 and until is null`);
      assert.equal(rows.length, 12);
      const [labels] = await engine.all<{ n: number }>(`select count(*) as n from content_label`);
      assert.equal(labels?.n, 6);
    });
  });
}

async function referrers(
  catalog: Catalog,
  query: { repository?: RepositoryName; artifactType?: string } = {},
): Promise<readonly Referrer[]> {
  const { repository = APP, ...filter } = query;
  const page = await catalog.listReferrers(repository, SUBJECT, { limit: 100, bytesMax: ROOM, ...filter });
  assert.equal(page.more, false);
  return page.referrers;
}

function awaits(catalog: Catalog, repository: RepositoryName): Promise<boolean> {
  return catalog.write(repository, ORIGIN, (tx) => tx.awaitsConfig(CONFIG));
}

/** What lists will show of the one described manifest of a repository: the catalog itself shows none of it yet. */
async function shown(
  engine: Engine,
  repository: RepositoryName,
): Promise<{ labels: Record<string, string>; platforms: string[] } | undefined> {
  const [row] = await engine.all<{ digest: string }>(
    `select digest from manifest where repository = ? and until is null and described = 1`,
    [repository],
  );
  if (!row) return undefined;
  const labels = await engine.all<{ key: string; value: string }>(
    `select key, value from content_label where digest = ? order by key`,
    [row.digest],
  );
  const platforms = await engine.all<{ platform: string }>(
    `select platform from content_platform where digest = ? order by platform`,
    [row.digest],
  );
  return {
    labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])),
    platforms: platforms.map(({ platform }) => platform),
  };
}
