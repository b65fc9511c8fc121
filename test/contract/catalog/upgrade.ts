import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, Event, ManifestContent, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, ListQuery, OrderBy } from "../../../src/catalog/items.ts";
import { migrate } from "../../../src/catalog/migrations.ts";
import { FACTS_AND_LOG } from "../../../src/catalog/schema-facts.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../../src/oci/media-type.ts";
import { fakeClock } from "./clock.ts";
import { writeFirstSchema } from "./first-schema.ts";
import { anyListCommandOn, BEGINNING, carryOutListed, LONG_CONFIG, ORDERS } from "./list-samples.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { blob, manifest } from "./samples.ts";
import { runs } from "../../support/runs.ts";

/** Random histories tried. Each costs two new databases. */
const RUNS = 3;

const SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json";
const HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json";

/** Manifests that can be read again: from them an upgrade learns what it is to show. */
const CONTENTS: readonly ManifestContent[] = [
  readable("image", {
    config: blob("config"),
    annotations: { a: "1" },
    platforms: [{ os: "linux", architecture: "arm64" }],
  }),
  readable("other image", {
    config: LONG_CONFIG,
    imageSize: 5,
  }),
  readable("chart", { class: "chart", annotations: { long: "x".repeat(1_001) } }, HELM_CONFIG),
  readable("signature", { class: "signature", subject: blob("subject"), artifactType: SIGNATURE }),
  index("index"),
];

export function describeUpgrade(newPlace: NewPlace): void {
  describe("a database that a program without lists has written", () => {
    test("shows in all lists, after its upgrade, what it would show had this program written it", () =>
      assertUpgrades(newPlace, () => 0));

    test("shows, where its log was compacted, all that does not need the events that are gone", () =>
      assertUpgrades(newPlace, (choose, writes) => choose(fc.integer, { min: 1, max: writes })));
  });
}

/** Before the upgrade the log is cut before so many seconds. */
async function assertUpgrades(
  newPlace: NewPlace,
  cutAfter: (choose: fc.GeneratorValue, writes: number) => number,
): Promise<void> {
  const anyHistory = fc.array(anyListCommandOn(CONTENTS), { minLength: 20, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.gen(), async (commands, choose) => {
      using clock = fakeClock(BEGINNING);
      await using written = await openNew(newPlace);
      for (const [second, command] of commands.entries()) {
        clock.set(BEGINNING + second * 1_000);
        await carryOutListed(written.catalog, command, second);
      }
      const events = await readLog(written.catalog);
      const cut = cutAfter(choose, commands.length);
      const oldest = await written.catalog.compact(new Date(BEGINNING + cut * 1_000));
      // A compaction that was broken off has moved the bounds, and left some of what is before them.
      const forgotten = choose(fc.constantFrom<number[]>, oldest, Math.floor(oldest / 2));
      await using place = await newPlace();
      {
        await using engine = await place.openEngine();
        await migrate(engine, [FACTS_AND_LOG]);
        await engine.transaction((tx) =>
          writeFirstSchema(tx, { events, contents: CONTENTS, oldest, forgotten }),
        );
      }
      await using upgraded = await openCatalog(await place.openEngine());
      await assertSame({ upgraded, written: written.catalog }, { events, oldest });
    }),
    { numRuns: runs(RUNS), endOnFailure: true },
  );
}

/** An image, or what its artifact type or config make of it. */
function readable(
  seed: string,
  parts: Partial<ManifestContent>,
  configMediaType: string = MEDIA_TYPES.ociConfig,
): ManifestContent {
  const { artifactType, subject, config = blob(`config ${seed}`) } = parts;
  const blobs = [
    { digest: config, size: 10 },
    { digest: blob("shared"), size: 1_000 },
    { digest: blob(seed), size: 100 },
  ];
  const [first, ...layers] = blobs.map((each, n) => ({
    mediaType: n === 0 ? configMediaType : MEDIA_TYPES.ociLayer,
    ...each,
  }));
  const mediaType = MEDIA_TYPES.ociManifest;
  const subjectOf = subject && { mediaType, digest: subject, size: 1 };
  const json = { schemaVersion: 2, mediaType, artifactType, config: first, layers, subject: subjectOf };
  return contentOf(json, { ...parts, blobs });
}

function index(seed: string): ManifestContent {
  const json = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], annotations: { seed } };
  return contentOf(json, { mediaType: MEDIA_TYPES.ociIndex, class: "index", blobs: [] });
}

function contentOf(json: object, parts: Partial<ManifestContent>): ManifestContent {
  const bytes = Buffer.from(JSON.stringify(json));
  return {
    ...manifest(""),
    bytes,
    digest: digestOf(bytes),
    size: bytes.byteLength,
    ...parts,
  };
}

const INCLUDE: ListQuery["include"] = new Set([
  "latest",
  "artifactTypes",
  "platforms",
  "annotations",
  "labels",
]);

/** Both show the same in every list and order, at every revision that is retained, and in the history of every tag. */
async function assertSame(
  { upgraded, written }: { upgraded: Catalog; written: Catalog },
  { events, oldest }: { events: readonly Event[]; oldest: Revision },
): Promise<void> {
  const unknown = oldest > 0 ? UNKNOWN_ONCE_COMPACTED : ALL_KNOWN;
  const last = events.at(-1)?.revision ?? 0;
  const past = Array.from({ length: last - oldest }, (_, n) => oldest + n);
  for (const { kind, selector } of LISTS) {
    const orders = ORDERS[kind].filter((by) => !unknown.orders[kind].includes(by));
    const asked = [
      ...orders.map((by) => ({ by, at: undefined })),
      ...past.map((at) => ({
        by: orders.includes("updated") ? ("updated" as const) : ("name" as const),
        at,
      })),
    ];
    for (const { by, at } of asked) {
      const query: ListQuery = {
        selector,
        order: { by, descending: false },
        limit: 1_000,
        include: INCLUDE,
        at,
      };
      const lists = await Promise.all(
        [upgraded, written].map(async (catalog) =>
          (await catalog.list(kind, query)).items.map(unknown.without),
        ),
      );
      assert.deepEqual(lists[0], lists[1], `${kind} by ${by} at ${at} of ${JSON.stringify(selector)}`);
    }
  }
  for (const { repository, tag } of events) {
    if (tag === undefined) continue;
    const histories = await Promise.all(
      [upgraded, written].map((catalog) => catalog.tagHistory(repository, tag, { limit: 100 })),
    );
    const [left, right] = histories.map((changes) =>
      changes.map((change) =>
        change.event === "deleted" && change.revision <= oldest ? { ...change, time: undefined } : change,
      ),
    );
    assert.deepEqual(left, right, `${repository}:${tag}`);
  }
}

const LISTS: readonly { readonly kind: ListKind; readonly selector: Selector }[] = [
  { kind: "repositories", selector: {} },
  { kind: "repositories", selector: { empty: true } },
  { kind: "tags", selector: {} },
  { kind: "manifests", selector: {} },
  { kind: "manifests", selector: { tagged: true } },
  { kind: "namespaces", selector: {} },
  { kind: "namespaces", selector: { under: "a" } },
  { kind: "namespaces", selector: { empty: true } },
];

/** What an upgrade cannot find out: orders that depend on it, and an item without it. */
type Unknown = {
  readonly orders: Readonly<Record<ListKind, readonly OrderBy[]>>;
  readonly without: (item: Items[ListKind]) => object;
};

const ALL_KNOWN: Unknown = {
  orders: { repositories: [], tags: [], manifests: [], namespaces: [] },
  without: (item) => item,
};

/**
 * The first schema had the times of repositories and manifests, and when they were changed last, in the log alone, and
 * namespaces nowhere: one may have begun with a repository that is gone. Of tags it had all but the time of a deletion.
 */
const UNKNOWN_ONCE_COMPACTED: Unknown = {
  orders: { repositories: ["updated"], tags: [], manifests: [], namespaces: ["created", "updated"] },
  without: (item) => {
    if ("pushed" in item) return { ...item, pushed: undefined };
    return "repository" in item && "name" in item
      ? item
      : { ...item, created: undefined, updated: undefined };
  },
};
