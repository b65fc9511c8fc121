import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fillCatalog, type BulkRepository } from "../../../src/catalog/bulk.ts";
import type { ManifestContent } from "../../../src/catalog/catalog.ts";
import type { Engine } from "../../../src/catalog/engine.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { openNew, type NewPlace } from "./place.ts";
import { blob, manifest, ORIGIN, push } from "./samples.ts";
import { runs } from "../../support/runs.ts";

const RUNS = 15;
const BEGIN = Date.parse("2025-01-01T00:00:00Z");

const NAMES = ["a", "a/b", "a/b/c", "a/bc", "d", "d/b"];
const TAGS = ["1.2.0", "latest", "v1.10.0-rc.1", `sha256-${"0".repeat(64)}.sig`];
const [PLATFORM, VARIANT] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64", variant: "v8" },
];

/** Manifests with something of everything; the same digest is the same content, the same config says the same. */
const CONTENTS: readonly { content: ManifestContent; details?: { labels: Record<string, string> } }[] = [
  { content: manifest("plain") },
  {
    content: manifest("shared blobs", {
      blobs: [...of("plain"), ...of("plain"), { digest: blob("x"), size: 7 }],
    }),
  },
  {
    content: manifest("described", { config: blob("config"), platforms: [VARIANT] }),
    details: {
      labels: { team: "infra", long: "x".repeat(2_000) },
      imageCreated: new Date(5),
      platform: PLATFORM,
    },
  } as never,
  {
    content: manifest("described too", { config: blob("config"), annotations: { title: "One" } }),
    details: {
      labels: { team: "infra", long: "x".repeat(2_000) },
      imageCreated: new Date(5),
      platform: PLATFORM,
    },
  } as never,
  {
    content: manifest("waits", { config: blob("other config"), annotations: { title: "Two", note: "a\0b" } }),
  },
  {
    content: manifest("signature", {
      class: "signature",
      artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
      subject: manifest("plain").digest,
    }),
  },
  {
    content: manifest("index", { class: "index", blobs: [], children: [manifest("plain").digest], size: 3 }),
  },
];

function of(seed: string): ManifestContent["blobs"] {
  return manifest(seed).blobs;
}

const anyRepositories: fc.Arbitrary<BulkRepository[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES).map(parseName),
      later: fc.nat(2),
      manifests: fc.uniqueArray(fc.constantFrom(...CONTENTS), { minLength: 1 }),
      tags: fc.uniqueArray(fc.record({ name: fc.constantFrom(...TAGS), position: fc.nat(20) }), {
        selector: ({ name }) => name,
      }),
      blobs: fc.uniqueArray(fc.constantFrom("x", "y", "z")),
    }),
    { selector: ({ name }) => name },
  )
  .map((drafts) => {
    let time = BEGIN;
    return drafts.map(({ name, later, manifests, tags, blobs }) => ({
      name,
      time: new Date((time += later)),
      manifests,
      tags: tags.map((tag) => ({
        name: parseTag(tag.name),
        digest: manifests[tag.position % manifests.length]!.content.digest,
      })),
      blobs: blobs.map((seed) => ({ digest: blob(seed), size: 9 })),
    }));
  });

/** Holds the bulk interface to its one promise. */
export function describeBulk(newPlace: NewPlace): void {
  describe("filled in bulk", () => {
    test("has in every table what writes would have left, and all its indexes", async () => {
      const property = fc.asyncProperty(anyRepositories, async (repositories) => {
        await using written = await openNew(newPlace);
        const clock = fakeClock(BEGIN);
        try {
          for (const repository of repositories) {
            clock.set(repository.time.getTime());
            await write(written, repository);
          }
        } finally {
          clock[Symbol.dispose]();
        }
        await using place = await newPlace();
        await using filled = await place.openEngine();
        const revision = await fillCatalog(filled, repositories, ORIGIN);
        assert.equal(revision, (await written.catalog.bounds()).revision);
        const tables = await tablesOf(written.engine);
        assert.ok(tables.includes("content_label") && tables.includes("namespace"));
        for (const table of tables) {
          assert.deepEqual(await rowsOf(filled, table), await rowsOf(written.engine, table), table);
        }
        assert.deepEqual(await indexesOf(filled), await indexesOf(written.engine));
      });
      await fc.assert(property, { numRuns: runs(RUNS) });
    });

    test("takes writes afterwards as any other catalog", async () => {
      await using place = await newPlace();
      const engine = await place.openEngine();
      const [name, content] = [parseName("a/b"), manifest("plain")];
      const tags = [{ name: parseTag("1"), digest: content.digest }];
      await fillCatalog(engine, [{ name, time: new Date(BEGIN), manifests: [{ content }], tags }], ORIGIN);
      await using catalog = await openCatalog(engine);
      await push(catalog, { repository: name, content: manifest("next"), tags: [parseTag("1")] });
      const { events } = await catalog.events({ after: 0, limit: 10 });
      assert.deepEqual(
        events.map(({ revision, type }) => `${revision} ${type}`),
        ["1 repository.created", "2 manifest.pushed", "3 tag.set", "4 manifest.pushed", "5 tag.set"],
      );
      assert.equal(events.at(-1)?.previousDigest, content.digest);
    });

    test("is refused where something has been written, and changes nothing there", async () => {
      await using opened = await openNew(newPlace);
      await push(opened.catalog, { content: manifest("first") });
      await assert.rejects(fillCatalog(opened.engine, [], ORIGIN), {
        code: "DATA_UNUSABLE",
        message: /Only an empty catalog can be filled, and this one is at revision 2/,
      });
      assert.equal((await opened.catalog.facts()).repositories.length, 1);
    });

    test("fails when times go back, and when a tag points to nothing", async () => {
      await using place = await newPlace();
      await using engine = await place.openEngine();
      const at = (name: string, time: number): BulkRepository => ({
        name: parseName(name),
        time: new Date(time),
        manifests: [{ content: manifest("plain") }],
        tags: [],
      });
      await assert.rejects(fillCatalog(engine, [at("a", 2), at("b", 1)], ORIGIN), /b is older/);
      const tags = [{ name: parseTag("1"), digest: blob("nothing") }];
      await assert.rejects(fillCatalog(engine, [{ ...at("a", 2), tags }], ORIGIN), /1 cannot point to/);
      assert.equal(await fillCatalog(engine, [at("a", 2)], ORIGIN), 2);
    });
  });
}

async function write(
  { catalog }: Awaited<ReturnType<typeof openNew>>,
  repository: BulkRepository,
): Promise<void> {
  await catalog.write(repository.name, ORIGIN, async (tx) => {
    for (const { digest, size } of repository.blobs ?? []) await tx.addBlob(digest, size);
    for (const { content, details } of repository.manifests) await tx.putManifest(content, details);
    for (const { name, digest } of repository.tags) await tx.setTag(name, digest);
  });
}

async function tablesOf(engine: Engine): Promise<string[]> {
  const rows = await engine
    .all<{ name: string }>("select name from sqlite_schema where type = 'table'")
    .catch(() =>
      engine.all<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public'"),
    );
  // What finds parts of texts, SQLite keeps in tables of its own: in the order in which texts came.
  return rows.map(({ name }) => name).filter((name) => !name.includes("_parts"));
}

async function rowsOf(engine: Engine, table: string): Promise<string[]> {
  const rows = await engine.all<Record<string, unknown>>(`select * from ${table}`);
  // Texts that search finds have numbers in the order in which they came, which nobody is promised.
  return rows.map((row) => JSON.stringify({ ...row, id: undefined })).toSorted();
}

async function indexesOf(engine: Engine): Promise<unknown[]> {
  const rows = await engine.all<{ name: string }>(engine.bulk.indexes);
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
