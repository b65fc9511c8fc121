import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import type { Engine, Queryable, Value } from "../../../src/catalog/engine.ts";
import type { ListKind, ListQuery, Order, OrderBy, Position } from "../../../src/catalog/items.ts";
import { FILL_TEXTS } from "../../../src/catalog/schema-search.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import type { View } from "../../../src/oci/view.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { borrowed, openNew, type NewPlace } from "./place.ts";
import { all, readLog } from "./reading.ts";
import { blob, byDigest, byTag, manifest, ORIGIN } from "./samples.ts";

/** Enough rows for a plan that reads them all to be the dearer one. */
const ROWS = 20_000;
/** Where the log ends: so far behind the rows' first revisions that these are no longer recent. */
const NEWEST = 3 * ROWS;
const RECENT = NEWEST - 10;
const LONG_AGO = ROWS - 10;

/** One in five has ended: most long ago, a few at last. */
const UNTIL = `case when i % 500 = 0 then ${NEWEST} - i / 500 when i % 5 = 0 then i + 1 end`;

/** Half of them are in one repository, and the other half in many. */
const REPOSITORY = `case when i % 2 = 0 then 'r7' else 'r' || (i % 500) end`;

const TABLES = [
  "event",
  "repository",
  "manifest",
  "tag",
  "content",
  "content_blob",
  "content_child",
  "content_platform",
  "content_annotation",
  "content_label",
  "blob",
  "blob_use",
  "namespace",
  "search_repository",
  "search_tag",
  "search_value",
];

/** Tables of one row, which there is no better way to read. */
export const ONE_ROW: readonly string[] = ["clock", "schema_version"];

/** Statements that are about all there is of one kind in a repository. All others find what they want within it. */
const OF_A_REPOSITORY = [
  "select name, digest from tag where repository = ? and until is null order by name",
  "select digest from manifest where repository = ? and until is null order by digest",
  "delete from blob where repository = ?",
];

/** Says what a statement goes through from end to end: a table, or all of a table that is in one repository. */
type ScansOf = (sql: string, values: readonly Value[]) => Promise<string[]>;

/** Holds every statement that a request runs to finding its rows by an index, however many there are. */
export function describePlans(newPlace: NewPlace, explainer: (engine: Engine) => Promise<ScansOf>): void {
  describe("every statement", () => {
    test("finds its rows by an index, save those of `facts`, which read everything", async () => {
      await using opened = await openNew(newPlace);
      await fill(opened.engine);
      const statements = new Map<string, readonly Value[]>();
      const catalog = await openCatalog(recording(opened.engine, statements));
      await doEverything(catalog);
      const scansOf = await explainer(opened.engine);
      const scans: string[] = [];
      for (const [sql, values] of statements) {
        const scanned =
          sql.startsWith("create") || OF_A_REPOSITORY.includes(sql) ? [] : await scansOf(sql, values);
        if (scanned.length > 0) scans.push(`${scanned.join(", ")}: ${sql}`);
      }
      assert.deepEqual(scans, []);
      const touched = TABLES.filter((table) => [...statements.keys()].some((sql) => sql.includes(table)));
      assert.deepEqual(touched, TABLES);
      assert.ok(statements.size > 40, `only ${statements.size} statements were seen`);
    });
  });
}

/**
 * Rows of all tables, in one repository and over many, current and ended. What lists are ordered by differs from row to row,
 * as it does in a registry that is used: where it is the same everywhere, an index on it is worth nothing.
 */
async function fill(engine: Engine): Promise<void> {
  const numbers = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})`;
  const [mixed, pulled] = [`(i * 7919) % ${ROWS}`, `case when i % 3 = 0 then 1000 + i else 0 end`];
  const [mediaType, artifactType] = [`'m' || (i % 1000)`, `case when i % 1000 = 0 then 'application/x' end`];
  const artifactClass = `case when i % 1000 = 0 then 'chart' else 'image' end`;
  const inserts = [
    `event (revision, time, type, repository, tag, digest, actor, request)
      select i, 1000 + i, 'tag.set', ${REPOSITORY}, 't' || i, 'sha256:' || i, 'ada', 'request' from n`,
    `repository (name, since, until, born, created, updated, manifests, size, pulled)
      select 'r' || i, i, ${UNTIL}, i, 1000 + i, 1000 + i,
      case when i % 100 = 0 then 0 else 1 end, ${mixed}, ${pulled} from n`,
    `namespace (path, parent, since, until, repository, repositories, filled, born, created, updated)
      select 'r' || i, case when i % 2 = 0 then '' else 'p' || (i % 500) end, i, ${UNTIL},
      1, 0, 1, i, 1000 + i, 1000 + i from n`,
    `manifest (repository, digest, since, until, subject, born, pushed, tagged, artifact_type, size, image_size, pulled,
        media_type, class, platforms, annotated, marks)
      select ${REPOSITORY}, 'sha256:' || i, i, ${UNTIL},
      case when i % 7 = 0 then 'sha256:' || (i - 1) end, i, 1000 + i, case when i % 100 = 0 then 0 else 1 end,
      ${artifactType}, ${mixed}, ${mixed}, ${pulled}, ${mediaType}, ${artifactClass}, 'linux/a' || (i % 1000), 1, i from n`,
    `tag (repository, name, digest, since, until, created, updated, born, class, size, image_size, pulled, semver,
        media_type, artifact_type, platforms, annotated, marks)
      select ${REPOSITORY}, 't' || i, 'sha256:' || i, i, ${UNTIL}, 1000 + i, 1000 + i, i,
      ${artifactClass}, ${mixed}, ${mixed}, ${pulled},
      case when i % 2 = 0 then 'A' || i else '' end, ${mediaType}, ${artifactType}, 'linux/a' || (i % 1000),
      1, i from n`,
    `content (digest, media_type, artifact_type, class, size, image_size, config, annotations)
      select 'sha256:' || i, ${mediaType}, ${artifactType}, ${artifactClass}, 1, 1, 'sha256:c' || i, '{}' from n`,
    `content_blob (digest, blob, size) select 'sha256:' || i, 'sha256:b' || i, 1 from n`,
    `content_child select 'sha256:' || i, 'sha256:m' || i from n`,
    `content_platform select 'sha256:' || i, 'linux/a' || (i % 1000) from n`,
    `content_annotation select 'sha256:' || i, 'key', 'value' || i from n`,
    `content_label select 'sha256:' || i, 'key', 'value' || i from n`,
    `blob (repository, digest, size, added) select ${REPOSITORY}, 'sha256:b' || i, 1, i from n`,
    `blob_use select ${REPOSITORY}, 'sha256:b' || i, 1, 1 from n`,
  ];
  for (const insert of inserts) await engine.run(`${numbers} insert into ${insert}`);
  for (const statement of FILL_TEXTS) await engine.run(statement);
  await engine.run(`update clock set revision = ${NEWEST}, time = ${ROWS + 2_000}`);
}

/** An engine that notes what is asked of it, with the values it was asked with last. */
function recording(engine: Engine, statements: Map<string, readonly Value[]>): Engine {
  const noting = (to: Queryable): Queryable => ({
    all: (sql, values = []) => {
      statements.set(sql, values);
      return to.all(sql, values);
    },
    run: (sql, values = []) => {
      statements.set(sql, values);
      return to.run(sql, values);
    },
  });
  return borrowed(engine, {
    ...noting(engine),
    transaction: (change) => engine.transaction((tx) => change(noting(tx))),
    snapshot: (read) => engine.snapshot((database) => read(noting(database))),
  });
}

/** Each method of the catalog and of a transaction, as requests use them. */
async function doEverything(catalog: Catalog): Promise<void> {
  const [repository, other] = [parseName("r7"), parseName("new/one")];
  const tag = parseTag("t7");
  const content = manifest("a", {
    subject: blob("subject"),
    config: blob("config"),
    children: [blob("child")],
    platforms: [{ os: "linux", architecture: "amd64" }],
    annotations: { a: "1" },
  });
  const details = { labels: { a: "1" }, platform: { os: "linux", architecture: "arm64" } };
  await catalog.write(other, ORIGIN, async (tx) => {
    await tx.putManifest(content, details);
    await tx.setTag(tag, content.digest);
    await tx.addBlob(blob("a"), 1, Buffer.from("a"));
  });
  await catalog.write(repository, ORIGIN, async (tx) => {
    await tx.putManifest(content, details);
    await tx.setTag(tag, content.digest);
  });
  await catalog.write(repository, ORIGIN, async (tx) => {
    await tx.deleteManifest(content.digest);
    await tx.awaitsConfig(blob("config"));
  });
  await catalog.write(other, ORIGIN, async (tx) => {
    await tx.blobsAmong([blob("a"), blob("b")]);
    await tx.bytesOfBlob(blob("a"));
    await tx.awaitsConfig(blob("config"));
    await tx.tagsOf(content.digest);
    await tx.deleteTag(tag);
    await tx.removeBlob(blob("a"));
  });
  await catalog.write(other, ORIGIN, (tx) => tx.deleteManifest(content.digest));
  await catalog.write(other, ORIGIN, (tx) => tx.deleteRepository());
  for (const at of [undefined, RECENT]) {
    await catalog.findManifest(repository, byTag(tag), at);
    await catalog.findManifest(repository, byDigest(blob("a")), at);
    await catalog.hasRepository(repository, at);
  }
  await catalog.listRepositories({ after: "r5", limit: 10 });
  await catalog.listTags(repository, { after: "t5", limit: 10 });
  const page = { limit: 10, bytesMax: 1_000 };
  await catalog.listReferrers(repository, blob("subject"), page);
  await catalog.listReferrers(repository, blob("subject"), { ...page, artifactType: "a" });
  for (const [kind, query] of listQueries()) await catalog.list(kind, query);
  for (const words of [[], ["r7"], ["r1", "t100"], ["value99", "r"], ["t1999"]]) {
    for (const selector of [{}, { under: "r7" }, { platforms: ["linux/a7"] }, { tagged: false }]) {
      await catalog.search({ words, selector, limit: 10 });
      await catalog.search({ words, selector, limit: 10, at: ROWS, after: [2, ROWS * 2] });
    }
  }
  await catalog.tagHistory(repository, tag, { limit: 10 });
  await catalog.revisionAt(new Date(1_000 + 700));
  await catalog.notePulls([{ repository, digest: content.digest, time: new Date(1_000 + 700) }]);
  await catalog.findBlob(repository, blob("a"));
  await catalog.repositoriesWithBlob(blob("a"), 10);
  await readLog(catalog, { after: ROWS - 5 });
  await all(catalog.allBlobs());
  await catalog.allContents()[Symbol.asyncIterator]().next();
  await catalog.compact(new Date(1_000 + 700));
}

/** Each list in each order, of the present and the past, with each filter. */
function listQueries(): [ListKind, ListQuery][] {
  const kinds = Object.keys(ORDERS_OF) as ListKind[];
  return kinds.flatMap((kind) =>
    ORDERS_OF[kind].flatMap((by) =>
      [false, true].flatMap((descending) =>
        queriesOf(kind, { by, descending }).map((query) => [kind, query] as [ListKind, ListQuery]),
      ),
    ),
  );
}

function queriesOf(kind: ListKind, order: Order): ListQuery[] {
  const isByRevision = order.by === "created" || order.by === "updated";
  const name: Position = kind === "namespaces" ? ["r1"] : ["r1", "t"];
  const after: Position = order.by === "name" ? name : isByRevision ? [5] : [5, 5];
  const seen = { selector: {}, order, limit: 3, after, at: LONG_AGO, view: VIEW };
  const ofView = order.by === "name" ? [seen] : [];
  return [
    ...ofView,
    ...SELECTORS[kind].flatMap((selector) => [
      { selector, order, limit: 3 },
      ...[RECENT, LONG_AGO].map((at) => ({ selector, order, limit: 3, after, at, include: ALL })),
    ]),
  ];
}

/** Of more parts than are gone through one after the other where few have changed. */
const VIEW: View = {
  key: "ten parts",
  ranges: Array.from({ length: 10 }, (_, n) => ({ from: `r${n}/`, to: `r${n}0` })),
};

const ALL: ListQuery["include"] = new Set(["latest", "artifactTypes", "platforms", "annotations", "labels"]);

const ORDERS_OF: Readonly<Record<ListKind, readonly OrderBy[]>> = {
  repositories: ["name", "created", "updated", "size", "pulled"],
  tags: ["name", "created", "updated", "size", "imageSize", "pulled", "semver"],
  manifests: ["name", "created", "updated", "size", "imageSize", "pulled"],
  namespaces: ["name", "created", "updated"],
};

const PLACES: readonly Selector[] = [
  {},
  { under: "r7" },
  { under: "r7", depth: 2, name: "r7*" },
  { repository: parseName("r7") },
  { createdSince: new Date(1_500), createdBefore: new Date(1_600) },
  { updatedSince: new Date(1_500), updatedBefore: new Date(1_600) },
];

const CONTENTS: readonly Selector[] = [
  { digest: "sha256:19" },
  { artifactType: "application/x" },
  { mediaType: "m7" },
  { classes: ["chart"] },
  { platforms: ["linux/a7"] },
  { annotations: [{ key: "key", value: "value7" }] },
  { labels: [{ key: "key", value: "value7" }] },
  { subject: blob("subject") },
  { tag: "t77*" },
  { tag: "t77" },
];

const SELECTORS: Readonly<Record<ListKind, readonly Selector[]>> = {
  repositories: [...PLACES, { empty: true }, { empty: false }],
  tags: [...PLACES, ...CONTENTS],
  manifests: [...PLACES, ...CONTENTS, { tagged: false }, { tagged: true }],
  namespaces: [{}],
};
