import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { FINDINGS } from "../../src/registry/check/report.ts";
import { blobOf } from "../support/artifact.ts";
import { CONFIG, Data, IMAGE, INDEX, LAST_LAYER, LAYER, pushBlob, told } from "./damaged-data.ts";

/** Everything may go by age: nothing in these folders is older than a moment. */
const REPAIR = { garbageBefore: new Date(8.64e15) };
/** Nothing is old enough to go. */
const REPAIR_NO_GARBAGE = { garbageBefore: new Date(0) };

const FLIPPED = Buffer.from("A layer".padEnd(5_000));

test("data that nobody has touched is without faults, however little of it is asked for", async () => {
  await using data = await Data.make();
  for (const hash of [true, false]) {
    const report = await data.check({ hash, repair: REPAIR });
    assert.deepEqual(told(report), []);
    assert.equal(report.ok, true);
    const { bytes, ...checked } = report.checked;
    assert.equal(bytes, hash ? 5_000 + 5_000 + CONFIG.bytes.length : 0);
    assert.deepEqual(checked, {
      repositories: 1,
      manifests: 2,
      tags: 3,
      events: 8,
      contents: 2,
      memberships: 4,
      blobs: 2,
    });
    assert.deepEqual([report.revision, report.oldest], [8, 0]);
  }
});

/** What is done to the data; what a check says of it; what it says once repaired, if that differs from nothing. */
const DAMAGES: readonly {
  readonly name: string;
  readonly damage: (data: Data) => Promise<unknown> | void;
  readonly found: readonly string[];
  /** What a repair leaves of them, as a second check tells. */
  readonly left: readonly string[];
}[] = [
  {
    name: "a blob with a flipped byte",
    damage: (data) => writeFile(data.pathOf(LAYER.digest), FLIPPED),
    found: [
      `blob.damaged ${LAYER.digest}`,
      `membership.broken app ${LAYER.digest}`,
      `membership.broken other/app ${LAYER.digest}`,
    ],
    left: [`manifest.incomplete app ${IMAGE.digest}`],
  },
  {
    name: "a truncated blob",
    damage: (data) => truncate(data.pathOf(LAYER.digest), 3),
    found: [
      `blob.damaged ${LAYER.digest}`,
      `membership.broken app ${LAYER.digest}`,
      `membership.broken other/app ${LAYER.digest}`,
    ],
    left: [`manifest.incomplete app ${IMAGE.digest}`],
  },
  {
    name: "a lost blob",
    damage: (data) => rm(data.pathOf(LAST_LAYER.digest)),
    found: [`membership.broken app ${LAST_LAYER.digest}`],
    left: [`manifest.incomplete app ${IMAGE.digest}`],
  },
  {
    name: "a small blob with other bytes",
    damage: (data) => data.edit(`update blob set bytes = x'5b5d' where digest = '${CONFIG.digest}'`),
    found: [`membership.broken app ${CONFIG.digest}`],
    left: [`manifest.incomplete app ${IMAGE.digest}`],
  },
  {
    name: "a small blob whose size the catalog has wrong",
    damage: (data) => data.edit(`update blob set size = 8 where digest = '${CONFIG.digest}'`),
    found: [`membership.size app ${CONFIG.digest}`],
    left: [],
  },
  {
    name: "a blob whose size the catalog has wrong",
    damage: (data) =>
      data.edit(`update blob set size = 8 where repository = 'app' and digest = '${LAYER.digest}'`),
    found: [`membership.size app ${LAYER.digest}`],
    left: [],
  },
  {
    name: "a lost event",
    damage: (data) => data.edit(`delete from event where type = 'tag.set' and tag = 'v1'`),
    found: ["log.gap 3", "fact.unexplained app v1"],
    left: ["log.gap 3", "fact.unexplained app v1"],
  },
  {
    name: "a lost last event",
    damage: (data) => data.edit(`delete from event where revision = 8`),
    found: ["log.gap 8", "fact.missing app gone"],
    left: ["log.gap 8", "fact.missing app gone"],
  },
  {
    name: "an event that cannot have been",
    damage: (data) => data.edit(`update event set previous = '${LAYER.digest}' where tag = 'v2'`),
    found: ["log.impossible app v2"],
    left: ["log.impossible app v2"],
  },
  {
    name: "a tag that was moved by hand",
    damage: (data) => data.edit(`update tag set digest = '${INDEX.digest}' where name = 'v1'`),
    found: ["fact.wrong app v1"],
    left: ["fact.wrong app v1"],
  },
  {
    name: "a fact that began at another revision",
    damage: (data) => data.edit(`update manifest set since = 1, born = 1 where digest = '${IMAGE.digest}'`),
    found: [`fact.wrong app ${IMAGE.digest}`],
    left: [`fact.wrong app ${IMAGE.digest}`],
  },
  {
    name: "a tag that points to nothing",
    damage: (data) => data.edit(`update tag set digest = '${LAYER.digest}' where name = 'v1'`),
    found: ["fact.wrong app v1", "tag.dangling app v1"],
    left: ["fact.wrong app v1", "tag.dangling app v1"],
  },
  {
    name: "a manifest taken out by hand",
    damage: (data) => data.edit(`delete from manifest where digest = '${INDEX.digest}'`),
    found: [`fact.missing app ${INDEX.digest}`, "tag.dangling app all"],
    left: [`fact.missing app ${INDEX.digest}`, "tag.dangling app all"],
  },
  {
    name: "a repository taken out by hand",
    damage: (data) => data.edit(`delete from repository`),
    found: ["fact.missing app", "repository.missing app"],
    left: ["fact.missing app", "repository.missing app"],
  },
  {
    name: "a manifest with other bytes",
    damage: (data) => data.edit(`update content set bytes = x'7b7d' where digest = '${INDEX.digest}'`),
    found: [`manifest.damaged ${INDEX.digest}`],
    left: [`manifest.damaged ${INDEX.digest}`],
  },
  {
    name: "a manifest whose size the catalog has wrong",
    damage: (data) => data.edit(`update content set size = 1 where digest = '${INDEX.digest}'`),
    found: [`manifest.damaged ${INDEX.digest}`],
    left: [`manifest.damaged ${INDEX.digest}`],
  },
  {
    name: "a manifest without bytes",
    damage: (data) => data.edit(`update content set bytes = null where digest = '${INDEX.digest}'`),
    found: [`manifest.lost app ${INDEX.digest}`],
    left: [`manifest.lost app ${INDEX.digest}`],
  },
];

for (const { name, damage, found, left } of DAMAGES) {
  test(`${name}: is found, and mended only as far as that takes no guess`, async () => {
    await using data = await Data.make();
    await damage(data);
    assert.deepEqual(told(await data.check()).filter(isFault), sorted(found));
    assert.deepEqual(told(await data.check()).filter(isFault), sorted(found), "a check changes nothing");
    const repaired = await data.check({ repair: REPAIR });
    assert.equal(repaired.ok, !left.some(isFault));
    const after = await data.check();
    assert.deepEqual(told(after), sorted(left));
    assert.equal(after.ok, repaired.ok);
  });
}

test("a damaged blob is set aside with its bytes, and the right ones can be pushed again", async () => {
  await using data = await Data.make();
  const quarantined: Buffer[] = [];
  for (const bytes of [FLIPPED, Buffer.from("b layer".padEnd(5_000))]) {
    await writeFile(data.pathOf(LAYER.digest), bytes);
    const report = await data.check({ repair: REPAIR });
    assert.deepEqual(report.counts["blob.damaged"], { found: 1, repaired: 1 });
    quarantined.push(bytes);
    await data.use((registry) => pushBlob(registry, LAYER));
    assert.deepEqual(told(await data.check()), []);
  }
  const folder = join(data.folder, "quarantine");
  const kept = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  assert.deepEqual(new Set(kept), new Set(quarantined.map(String)));
});

test("a quick check sees sizes alone, and a repair then reads what has another size before it judges", async () => {
  await using data = await Data.make();
  await writeFile(data.pathOf(LAST_LAYER.digest), FLIPPED);
  data.edit(`update blob set bytes = x'5b5d' where digest = '${CONFIG.digest}'`);
  assert.deepEqual(told(await data.check({ hash: false })), []);
  await truncate(data.pathOf(LAYER.digest), 3);
  data.edit(`update blob set size = 8 where digest in ('${CONFIG.digest}', '${LAST_LAYER.digest}')`);
  await writeFile(data.pathOf(LAST_LAYER.digest), LAST_LAYER.bytes);
  assert.deepEqual(told(await data.check({ hash: false, repair: REPAIR })), [
    `blob.damaged ${LAYER.digest}, repaired`,
    `manifest.incomplete app ${IMAGE.digest}`,
    ...sorted([
      `membership.broken app ${CONFIG.digest}, repaired`,
      `membership.broken app ${LAYER.digest}, repaired`,
    ]),
    `membership.broken other/app ${LAYER.digest}, repaired`,
    `membership.size app ${LAST_LAYER.digest}, repaired`,
  ]);
});

test("a blob that nobody has goes when it is old enough, and never while a manifest names it", async () => {
  await using data = await Data.make();
  const garbage = blobOf("garbage".padEnd(5_000));
  await data.use((registry) => pushBlob(registry, garbage));
  data.edit(`delete from blob where digest in ('${garbage.digest}', '${LAST_LAYER.digest}')`);
  const incomplete = `manifest.incomplete app ${IMAGE.digest}`;
  const young = [`blob.garbage ${garbage.digest}`, incomplete];
  assert.deepEqual(told(await data.check({ repair: REPAIR_NO_GARBAGE })), young);
  const report = await data.check({ repair: REPAIR });
  assert.deepEqual(told(report), [`blob.garbage ${garbage.digest}, repaired`, incomplete]);
  assert.equal(report.ok, true);
  assert.deepEqual(told(await data.check()), [incomplete]);
  assert.deepEqual(await readFile(data.pathOf(LAST_LAYER.digest)), LAST_LAYER.bytes);
});

test("unfinished uploads are listed and stay; stray files are listed, and go when they are old enough", async () => {
  await using data = await Data.make();
  await data.use(({ blobs }) => blobs.startUpload("begun", "sha256"));
  const strays = ["uploads/.hidden", "blobs/notes.txt", "blobs/sha256/2c/short", "blobs/sha3/00/deep"];
  const wrongShard = join("blobs/sha256/zz", digestOf(Buffer.from("x")).slice(7));
  for (const file of [...strays, wrongShard]) {
    await mkdir(dirname(join(data.folder, file)), { recursive: true });
    await writeFile(join(data.folder, file), "stray");
  }
  const listed = [...strays, wrongShard].map((file) => `file.stray ${file}`);
  const begun = "upload.unfinished uploads/begun";
  assert.deepEqual(told(await data.check({ repair: REPAIR_NO_GARBAGE })), sorted([...listed, begun]));
  const report = await data.check({ repair: REPAIR });
  assert.deepEqual(told(report), sorted([...listed.map((line) => `${line}, repaired`), begun]));
  assert.equal(report.ok, true);
  assert.deepEqual(told(await data.check()), [begun]);
});

test("the log is replayed from the oldest revision that is kept", async () => {
  await using data = await Data.make();
  await data.use(({ catalog }) => catalog.compact(new Date(Date.now() + 60_000)));
  const report = await data.check();
  assert.deepEqual([report.oldest, report.revision, report.checked.events], [8, 8, 0]);
  assert.deepEqual(told(report), []);
  data.edit(`delete from clock`, `insert into clock values (1, 9, 0, 8)`);
  assert.deepEqual(told(await data.check()), ["log.gap 9"]);
});

test("docs/check.md explains every finding, and says which are faults", () => {
  const rows = readFileSync("docs/check.md", "utf8").matchAll(/^\| `([a-z]+\.[a-z]+)` +\| (fault|no) /gm);
  const explained = [...rows].map(([, kind = "", is]) => [kind, is === "fault" ? "fault" : "information"]);
  assert.deepEqual(Object.fromEntries(explained), FINDINGS);
});

function isFault(line: string): boolean {
  return FINDINGS[line.slice(0, line.indexOf(" ")) as keyof typeof FINDINGS] === "fault";
}

function sorted(lines: readonly string[]): string[] {
  return lines.toSorted((a, b) => a.localeCompare(b, "en"));
}
