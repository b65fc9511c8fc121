import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, Event, EventType, ManifestContent } from "../../../src/catalog/catalog.ts";
import type { Queryable, Value } from "../../../src/catalog/engine.ts";
import type { ListKind, ListQuery, OrderBy } from "../../../src/catalog/items.ts";
import { migrate } from "../../../src/catalog/migrations.ts";
import { FACTS_AND_LOG } from "../../../src/catalog/schema-facts.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../../src/oci/media-type.ts";
import { formatPlatform } from "../../../src/oci/platform.ts";
import { fakeClock } from "./clock.ts";
import {
  anyListCommandOn,
  BEGINNING,
  carryOutListed,
  LABELS_OF,
  ORDERS,
  REPOSITORIES,
} from "./list-samples.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { blob, manifest } from "./samples.ts";

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
  readable("other image", { imageSize: 5 }),
  readable("chart", { class: "chart" }, HELM_CONFIG),
  readable("signature", { class: "signature", subject: blob("subject"), artifactType: SIGNATURE }),
  index("index"),
];

export function describeUpgrade(newPlace: NewPlace): void {
  describe("a database that a program without lists has written", () => {
    test("shows in all lists, after its upgrade, what it would show had this program written it", async () => {
      const anyHistory = fc.array(anyListCommandOn(CONTENTS), { minLength: 20, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(anyHistory, async (commands) => {
          using clock = fakeClock(BEGINNING);
          await using written = await openNew(newPlace);
          for (const [second, command] of commands.entries()) {
            clock.set(BEGINNING + second * 1_000);
            await carryOutListed(written.catalog, command, second);
          }
          const events = await readLog(written.catalog);
          await using place = await newPlace();
          {
            await using engine = await place.openEngine();
            await migrate(engine, [FACTS_AND_LOG]);
            await engine.transaction((tx) => writeAll(tx, events));
          }
          await using upgraded = await openCatalog(await place.openEngine());
          await assertSame(upgraded, written.catalog, events);
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    });
  });
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

/** Writes what the events did, row by row, as the first version of the schema has it. */
async function writeAll(tx: Queryable, events: readonly Event[]): Promise<void> {
  for (const content of CONTENTS) await writeContent(tx, content);
  for (const event of events) {
    const { revision, time, type, repository, tag, digest, previousDigest, actor, requestId } = event;
    await insert(tx, "event", [
      revision,
      time.getTime(),
      type,
      repository,
      tag ?? null,
      digest ?? null,
      previousDigest ?? null,
      actor,
      requestId,
    ]);
    await EFFECTS[type](tx, event);
  }
  const last = events.at(-1);
  await tx.run(`update clock set revision = ?, time = ?`, [last?.revision ?? 0, last?.time.getTime() ?? 0]);
}

async function writeContent(tx: Queryable, content: ManifestContent): Promise<void> {
  const { digest, mediaType, artifactType, size, imageSize, subject, config, annotations, bytes } = content;
  const labels = Object.entries(LABELS_OF(REPOSITORIES[0]!, content));
  await insert(tx, "content", [
    digest,
    mediaType,
    artifactType ?? null,
    size,
    imageSize,
    subject ?? null,
    config ?? null,
    JSON.stringify(annotations),
    labels.length > 0 ? JSON.stringify(Object.fromEntries(labels)) : null,
    null,
    bytes,
  ]);
  for (const { digest: named } of content.blobs) await insert(tx, "content_blob", [digest, named]);
  for (const each of content.platforms) await insert(tx, "content_platform", [digest, formatPlatform(each)]);
  for (const pair of Object.entries(annotations)) await insert(tx, "content_annotation", [digest, ...pair]);
  for (const pair of labels) await insert(tx, "content_label", [digest, ...pair]);
}

type Effect = (tx: Queryable, event: Event) => Promise<unknown>;

const endTag: Effect = (tx, { revision, repository, tag = "" }) =>
  tx.run(`update tag set until = ? where repository = ? and name = ? and until is null`, [
    revision,
    repository,
    tag,
  ]);

const EFFECTS: Readonly<Record<EventType, Effect>> = {
  "repository.created": (tx, { revision, repository }) =>
    insert(tx, "repository", [repository, revision, null]),
  "repository.deleted": (tx, { revision, repository }) =>
    tx.run(`update repository set until = ? where name = ? and until is null`, [revision, repository]),
  "manifest.pushed": (tx, { revision, repository, digest = "" }) => {
    const content = CONTENTS.find((each) => each.digest === digest)!;
    const described = Number(Object.keys(LABELS_OF(repository, content)).length > 0);
    return insert(tx, "manifest", [repository, digest, revision, null, content.subject ?? null, described]);
  },
  "manifest.deleted": (tx, { revision, repository, digest = "" }) =>
    tx.run(`update manifest set until = ? where repository = ? and digest = ? and until is null`, [
      revision,
      repository,
      digest,
    ]),
  "tag.deleted": endTag,
  "tag.set": async (tx, event) => {
    const { revision, time, repository, tag = "", digest = "" } = event;
    const [current] = await tx.all<{ created: number }>(
      `select created from tag where repository = ? and name = ? and until is null`,
      [repository, tag],
    );
    await endTag(tx, event);
    const created = current?.created ?? time.getTime();
    await insert(tx, "tag", [repository, tag, digest, revision, null, created, time.getTime()]);
  },
};

function insert(tx: Queryable, table: string, values: readonly Value[]): Promise<number> {
  return tx.run(`insert into ${table} values (${values.map(() => "?").join(", ")})`, values);
}

const INCLUDE: ListQuery["include"] = new Set([
  "latest",
  "artifactTypes",
  "platforms",
  "annotations",
  "labels",
]);

/** Both show the same in every list and order, and in the history of every tag. */
async function assertSame(upgraded: Catalog, written: Catalog, events: readonly Event[]): Promise<void> {
  for (const kind of Object.keys(ORDERS) as ListKind[]) {
    for (const by of ORDERS[kind]) {
      const lists = await Promise.all([upgraded, written].map((catalog) => listed(catalog, { kind, by })));
      assert.deepEqual(lists[0], lists[1], `${kind} by ${by}`);
    }
  }
  for (const { repository, tag } of events) {
    if (tag === undefined) continue;
    const page = { limit: 100 };
    assert.deepEqual(
      await upgraded.tagHistory(repository, tag, page),
      await written.tagHistory(repository, tag, page),
    );
  }
}

async function listed(
  catalog: Catalog,
  { kind, by }: { kind: ListKind; by: OrderBy },
): Promise<readonly unknown[]> {
  // When the first of a namespace came, and when one went, only repositories that are gone can tell.
  const order = { by: kind === "namespaces" ? "name" : by, descending: false } as const;
  const { items } = await catalog.list(kind, { selector: {}, order, limit: 1_000, include: INCLUDE });
  return items.map((item) => ("path" in item ? { ...item, created: 0, updated: 0 } : item));
}
