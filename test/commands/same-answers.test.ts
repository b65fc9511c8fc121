import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseAddress } from "../../src/client/address.ts";
import { Connection } from "../../src/client/connection.ts";
import { findRegistry } from "../../src/client/find-registry.ts";
import { ForeignRegistry } from "../../src/client/foreign-registry.ts";
import type { Item, ListRequest, Registry } from "../../src/client/registry.ts";
import { SupercargoRegistry } from "../../src/client/supercargo-registry.ts";
import { parseName } from "../../src/oci/name.ts";
import { manifestOf, pushBlob, pushManifest } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { CONFIG, IMAGE, INDEX, OTHER } from "./foreign-content.ts";
import { itemsOf, rowsOf, run } from "./run.ts";

const SBOM = manifestOf({
  artifactType: "application/spdx+json",
  subject: { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.bytes.byteLength },
});

let registry: TestRegistry;
let ours: Registry;
let foreign: Registry;

before(async () => {
  registry = await TestRegistry.open();
  for (const name of ["app", "team/app", "team/deep/app", "teams"]) {
    await pushBlob(registry.host, name, CONFIG);
    for (const tag of ["1.9", "1.10"]) await pushManifest(registry.host, `${name}:${tag}`, IMAGE);
    await pushManifest(registry.host, `${name}:latest`, INDEX);
    await pushManifest(registry.host, `${name}:other`, OTHER);
  }
  await pushManifest(registry.host, `app:sha256-${"0".repeat(64)}.sig`, OTHER);
  await pushManifest(registry.host, "app:sbom", SBOM);
  const connection = await Connection.open(parseAddress(registry.host));
  ours = await findRegistry(connection, () => undefined);
  foreign = new ForeignRegistry(connection, () => undefined);
});
after(() => registry[Symbol.asyncDispose]());

async function answer(one: Registry, request: ListRequest): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of one.list(request)) items.push(...page.items);
  return items;
}

const TAG_FIELDS = [
  "repository",
  "name",
  "digest",
  "mediaType",
  "artifactType",
  "class",
  "size",
  "imageSize",
  "platforms",
  "annotations",
  "labels",
];
const MANIFEST_FIELDS = [
  ...TAG_FIELDS.filter((field) => field !== "name"),
  "tags",
  "tagCount",
  "subject",
  "imageCreated",
];
const app = parseName("app");
const placeOf = ({ repository, digest }: Item): string => `${String(repository)}@${String(digest)}`;

describe("a registry that is taken for a foreign one answers as our lists do", () => {
  const cases: readonly ListRequest[] = [
    { kind: "repositories", parameters: [], fields: ["name", "tagCount"] },
    {
      kind: "repositories",
      parameters: [
        ["under", "team"],
        ["depth", "1"],
      ],
      fields: ["name"],
    },
    {
      kind: "repositories",
      parameters: [
        ["depth", "1"],
        ["orderBy", "name"],
        ["order", "desc"],
      ],
      fields: ["name"],
    },
    { kind: "repositories", name: parseName("team"), parameters: [["name", "*/deep/*"]], fields: ["name"] },
    { kind: "namespaces", parameters: [], fields: ["path", "repository", "repositoryCount"] },
    {
      kind: "namespaces",
      name: parseName("team"),
      parameters: [],
      fields: ["path", "repository", "repositoryCount"],
    },
    { kind: "tags", parameters: [], fields: TAG_FIELDS },
    {
      kind: "tags",
      name: app,
      parameters: [
        ["orderBy", "semver"],
        ["tag", "1.*"],
      ],
      fields: ["name"],
    },
    {
      kind: "tags",
      name: app,
      parameters: [
        ["orderBy", "semver"],
        ["order", "asc"],
        ["tag", "1.*"],
      ],
      limit: 1,
      fields: ["name"],
    },
    { kind: "tags", parameters: [["class", "signature,sbom"]], fields: TAG_FIELDS },
    { kind: "tags", parameters: [["platform", "linux/arm64"]], fields: TAG_FIELDS },
    { kind: "tags", parameters: [["platform", "linux/arm64/v8"]], fields: TAG_FIELDS },
    {
      kind: "tags",
      parameters: [
        ["label", "team=infra"],
        ["label", "team"],
      ],
      fields: TAG_FIELDS,
    },
    { kind: "tags", parameters: [["annotation", "other=yes"]], fields: TAG_FIELDS },
    {
      kind: "tags",
      parameters: [
        ["digest", OTHER.digest.slice(0, 15)],
        ["tag", "o*"],
      ],
      fields: TAG_FIELDS,
    },
    { kind: "tags", parameters: [["artifactType", "application/spdx+json"]], fields: TAG_FIELDS },
    { kind: "tags", parameters: [["subject", IMAGE.digest]], fields: TAG_FIELDS },
    {
      kind: "tags",
      parameters: [
        ["mediaType", INDEX.mediaType],
        ["under", "team"],
      ],
      fields: TAG_FIELDS,
    },
    { kind: "manifests", name: app, parameters: [["tagged", "true"]], fields: MANIFEST_FIELDS },
    { kind: "manifests", parameters: [["class", "index"]], fields: MANIFEST_FIELDS },
    {
      kind: "manifests",
      name: app,
      parameters: [["subject", IMAGE.digest]],
      fields: ["digest", "class", "artifactType", "size"],
    },
  ];
  for (const request of cases) {
    const { kind, name = "", parameters } = request;
    test(`${kind} ${name} ${parameters.map((pair) => pair.join("=")).join("&")}`, async () => {
      const expected = await answer(ours, request);
      assert.ok(expected.length > 0);
      const found = await answer(foreign, request);
      // Manifests are found by their tags, and come in the order of these.
      if (kind === "manifests") found.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      assert.deepEqual(found, expected);
    });
  }
});

test("a real Supercargo is known as one, and tells more", async () => {
  assert.ok(ours instanceof SupercargoRegistry);
  const { host } = registry;
  const tags = await run(["tags", host, "--order-by", "updated", "--limit", "2", "--output", "json"]);
  const { items, revision } = JSON.parse(tags.out) as { items: Item[]; revision: number };
  assert.deepEqual(
    items.map(({ name }) => name),
    ["sbom", `sha256-${"0".repeat(64)}.sig`],
    tags.err,
  );
  await expectAnswer(host, "DELETE /v2/app/manifests/sbom", { status: 202 });
  const past = await run([
    "tags",
    `${host}/app`,
    "--at",
    String(revision),
    "--tag",
    "sbom",
    "--output",
    "ndjson",
  ]);
  assert.equal(itemsOf(past.out).length, 1, past.err);
  const now = await run(["tags", `${host}/app`, "--tag", "sbom", "--output", "ndjson"]);
  assert.equal(now.out, "");
  const history = await run(["history", `${host}/app:sbom`, "--output", "ndjson"]);
  assert.deepEqual(
    itemsOf(history.out).map(({ event }) => event),
    ["deleted", "set"],
    history.err,
  );
  const events = await run(["events", `${host}/app`, "--after", String(revision)]);
  assert.deepEqual(
    rowsOf(events.out).map(([, , event, subject]) => [event, subject]),
    [["tag.deleted", "app:sbom"]],
    events.err,
  );
  const untagged = await run(["manifests", host, "--untagged"]);
  assert.equal(rowsOf(untagged.out).length, 1, untagged.err);
  const wrong = await run(["tags", host, "--under", "A"]);
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
  const absent = await run(["tags", `${host}/nope`]);
  assert.deepEqual([absent.code, absent.out], [3, ""]);
});
