import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ROUTES } from "../../src/http/routes.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { descriptorOf, indexOf, manifestOf, pushManifest, type Artifact } from "../support/artifact.ts";
import { expectAnswer, jsonOf, type Received } from "../support/exchange.ts";
import { fill, followed } from "../support/forms.ts";
import { ENOUGH_ELSEWHERE, TestRegistry } from "../support/registry.ts";

const TIMESTAMP = "org.opencontainers.distribution.tag.timestamp";
const EVENT = "org.opencontainers.distribution.tag.event";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

describe("_oci/repositories (PR 611)", () => {
  test("it is an array of the repository itself and all below it, whole segments only, bytewise", async () => {
    await fill(registry, ["deep/a/b", "deep/a", "deep/a-b", "deep/a.b", "deep", "deep-x", "deeper/a"]);
    for (const [under, expected] of [
      ["deep", ["deep", "deep/a", "deep/a-b", "deep/a.b", "deep/a/b"]],
      ["deep/a", ["deep/a", "deep/a/b"]],
      ["deeper", ["deeper/a"]],
      ["dee", []],
    ] as const)
      for (const n of [1, 2, 100])
        assert.deepEqual(await followed(host, `/v2/${under}/_oci/repositories?n=${n}`), expected, under);
    const everything = await followed(host, "/v2/_oci/repositories?n=2");
    assert.deepEqual(everything, await followed(host, "/v2/_catalog"));
  });

  test("an entry says when its repository came to be and changed, and how much it holds", async () => {
    await fill(registry, ["told"], ["v1", "v2"]);
    const loose = manifestOf({ annotations: { loose: "1" } });
    await pushManifest(host, `told@${loose.digest}`, loose);
    const answer = await expectAnswer(host, "GET /v2/told/_oci/repositories", {
      status: 200,
      headers: { "content-type": "application/json" },
    });
    const [{ created, updated, ...rest } = {}, ...others] = jsonOf(answer) as Record<string, string>[];
    assert.deepEqual([rest, others], [{ name: "told", tagCount: 2, manifestCount: 2 }, []]);
    assert.ok(created !== undefined && updated !== undefined && new Date(created) <= new Date(updated));
  });

  test("n=0 is an empty array without a Link, last need not exist, and empty repositories are left out", async () => {
    await fill(registry, ["few/a", "few/b", "few/c"]);
    await expectAnswer(host, `DELETE /v2/few/b/manifests/${manifestOf().digest}`, { status: 202 });
    const headers = { link: undefined };
    for (const path of [
      "/v2/_oci/repositories?n=0",
      "/v2/few/_oci/repositories?last=few/x",
      "/v2/no/_oci/repositories",
    ])
      await expectAnswer(host, `GET ${path}`, { status: 200, headers, json: [] });
    assert.deepEqual(await followed(host, "/v2/few/_oci/repositories"), ["few/a", "few/c"]);
    assert.deepEqual(await followed(host, "/v2/few/_oci/repositories?last=few/aa"), ["few/c"]);
    const { revision } = await registry.catalog.bounds();
    const link = `</v2/few/_oci/repositories?last=few%2Fa&n=1&at=${revision}>; rel="next"`;
    await expectAnswer(host, "GET /v2/few/_oci/repositories?n=1", { status: 200, headers: { link } });
  });
});

describe("_oci/tag-history (PR 606)", () => {
  const [first, second] = ["1", "2"].map((of) => manifestOf({ annotations: { of } })) as [Artifact, Artifact];
  const index = indexOf([descriptorOf(first)]);
  const path = "/v2/past/_oci/tag-history/v1";
  const told: [Artifact, string][] = [
    [first, "created"],
    [index, "deleted"],
    [index, "created"],
    [second, "created"],
    [first, "created"],
  ];

  async function pushPast(): Promise<void> {
    if (await registry.catalog.hasRepository(parseName("past"))) return;
    for (const artifact of [first, second, index]) await pushManifest(host, "past:v1", artifact);
    await expectAnswer(host, `DELETE /v2/past/manifests/${index.digest}`, { status: 202 });
    await pushManifest(host, "past:v1", first);
    await pushManifest(host, "past:other", second);
  }

  test("it is an image index of what the tag pointed to, newest first, with when it was set or deleted", async () => {
    await pushPast();
    const answer = await expectAnswer(host, `GET ${path}`, {
      status: 200,
      headers: { "content-type": MEDIA_TYPES.ociIndex, link: undefined },
    });
    const { manifests, ...rest } = jsonOf(answer) as { manifests: Entry[] };
    assert.deepEqual(rest, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex });
    const times = manifests.map(({ annotations }) => annotations[TIMESTAMP] ?? "");
    assert.deepEqual(times, times.toSorted().toReversed());
    const said = manifests.map(({ mediaType, digest, size, annotations }) => [
      { mediaType, digest, size },
      annotations[EVENT],
    ]);
    assert.deepEqual(
      said,
      told.map(([artifact, event]) => [descriptorOf(artifact), event]),
    );
    assert.deepEqual(Object.keys(manifests[0]?.annotations ?? {}), [TIMESTAMP, EVENT]);
  });

  test("its pages follow one another by an opaque Link, whatever happens to the tag meanwhile", async () => {
    await pushPast();
    const expected = told.map(([{ digest }]) => digest);
    for (const n of [1, 2, 4, 5, 6]) {
      assert.deepEqual(await followed(host, `${path}?n=${n}`), expected, `n=${n}`);
      const filtered = await followed(host, `${path}?n=${n}&digest=${first.digest}`);
      assert.deepEqual(filtered, [first.digest, first.digest], `n=${n}`);
    }
    await pushManifest(host, "past:moving", first);
    await pushManifest(host, "past:moving", second);
    const seen = await followed(host, "/v2/past/_oci/tag-history/moving?n=1", () =>
      pushManifest(host, "past:moving", index),
    );
    assert.deepEqual(seen, [second.digest, first.digest]);
  });

  test("before and since are exclusive, and hold together", async () => {
    await pushPast();
    // Changes may share a millisecond, so each bound is held against the times that are told.
    const times = timesOn(await expectAnswer(host, `GET ${path}`, { status: 200 }));
    for (const time of times) {
      for (const [query, isMeant] of [
        [`before=${time}`, (other: string) => other < time],
        [`since=${time}`, (other: string) => other > time],
        [
          `since=${times.at(-1)}&before=${time}`,
          (other: string) => other > String(times.at(-1)) && other < time,
        ],
        [`since=${time}&before=${time}`, () => false],
        [`before=${time.replace("Z", "%2B00:00")}`, (other: string) => other < time],
      ] as const) {
        const answer = await expectAnswer(host, `GET ${path}?${query}`, { status: 200 });
        assert.deepEqual(timesOn(answer), times.filter(isMeant), query);
      }
    }
  });

  test(
    "a change that is meant is found behind any number of others",
    { skip: ENOUGH_ELSEWHERE },
    async () => {
      const [repository, tag] = [parseName("busy"), parseTag("v1")];
      for (const artifact of [index, first, second]) await pushManifest(host, "busy:v1", artifact);
      for (let moves = 0; moves < 1_100; moves++)
        await registry.catalog.write(repository, { actor: "test", requestId: "test" }, (tx) =>
          tx.setTag(tag, moves % 2 === 0 ? first.digest : second.digest),
        );
      const meant = `digest=${index.digest}&since=2001-01-01T00:00:00Z`;
      const found = await followed(host, `/v2/busy/_oci/tag-history/v1?n=1&${meant}`);
      assert.deepEqual(found, [index.digest]);
      assert.equal((await followed(host, "/v2/busy/_oci/tag-history/v1?n=400")).length, 1_103);
    },
  );

  test("404 would mean that there is no such list: whatever never was has an empty one, and so has n=0", async () => {
    await pushPast();
    const json = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] };
    for (const target of [`${path}?n=0`, "/v2/past/_oci/tag-history/never", "/v2/never/_oci/tag-history/v1"])
      await expectAnswer(host, `GET ${target}`, { status: 200, headers: { link: undefined }, json });
  });

  test("it outlives the tag, its manifests and the repository", async () => {
    await pushPast();
    await expectAnswer(host, "DELETE /v2/past/_supercargo/repository", { status: 202 });
    const { manifests } = jsonOf(await expectAnswer(host, `GET ${path}`, { status: 200 })) as {
      manifests: Entry[];
    };
    assert.deepEqual(
      manifests.map(({ annotations }) => annotations[EVENT]),
      ["deleted", ...told.map(([, event]) => event)],
    );
  });

  test("what is wrong in a request is refused by name", async () => {
    for (const [query, code] of [
      ["before=7d", "PARAMETER_INVALID"],
      ["since=2026-01-01", "PARAMETER_INVALID"],
      ["before=2026-02-30T00:00:00Z", "PARAMETER_INVALID"],
      ["continue=x", "PARAMETER_INVALID"],
      ["digest=sha256:ab", "DIGEST_INVALID"],
    ] as const)
      await expectAnswer(host, `GET ${path}?${query}`, { status: 400, code });
    await expectAnswer(host, "GET /v2/past/_oci/tag-history/-x", { status: 400, code: "TAG_INVALID" });
    await expectAnswer(host, "GET /v2/Past/_oci/tag-history/v1", { status: 400, code: "NAME_INVALID" });
  });
});

describe("_oci/ext/discover", () => {
  test("it announces every path that is no part of the standard, each once, with what ours can be counted on", async () => {
    const answer = await expectAnswer(host, "GET /v2/_oci/ext/discover", { status: 200 });
    const { extensions } = jsonOf(answer) as { extensions: Extension[] };
    assert.deepEqual(
      extensions.map(({ name }) => name),
      ["_oci", "_catalog", "_list", "_supercargo"],
    );
    const announced = extensions.flatMap(({ endpoints }) => endpoints);
    const paths = ROUTES.map(({ path }) => path).filter((path) => /^\/v2\/.*(?:_|s\/list$)/.test(path));
    const ours = [...new Set(paths)].filter((path) => !path.endsWith("/tags/list"));
    assert.deepEqual(announced.toSorted(), ours.toSorted());
    const { limits, orders, retentionSeconds } = extensions.at(-1) ?? {};
    assert.deepEqual(limits?.["names"], { default: 100, max: 10_000 });
    assert.ok(orders?.["tags"]?.includes("semver"));
    assert.equal(retentionSeconds, 30 * 24 * 3600);
  });
});

type Extension = {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly orders?: Readonly<Record<string, readonly string[]>>;
  readonly retentionSeconds?: number;
};

type Entry = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
};

function timesOn(answer: Received): string[] {
  const { manifests } = jsonOf(answer) as { manifests: Entry[] };
  return manifests.map(({ annotations }) => annotations[TIMESTAMP] ?? "");
}
