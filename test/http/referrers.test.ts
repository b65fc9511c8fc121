import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { digestOf, type Digest } from "../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { parseName } from "../../src/oci/name.ts";
import { fallbackTag } from "../../src/oci/reference.ts";
import {
  blobOf,
  descriptorOf,
  indexOf,
  manifestOf,
  pushManifest,
  type Artifact,
} from "../support/artifact.ts";
import { expectAnswer, jsonOf, type Received } from "../support/exchange.ts";
import { ENOUGH_ELSEWHERE, TestRegistry } from "../support/registry.ts";

const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const SIGNATURE = "application/vnd.example.signature";
const SBOM = "application/vnd.example.sbom";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

type Listed = { digest: Digest; artifactType?: string };

function listedIn(answer: Received): Listed[] {
  const { manifests, ...envelope } = jsonOf(answer) as { manifests: Listed[] };
  assert.deepEqual(envelope, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex });
  assert.ok(Array.isArray(manifests), "the list is an array");
  return manifests;
}

/** The referrers on all pages, by page. */
async function pagesFrom(first: string): Promise<Listed[][]> {
  const pages: Listed[][] = [];
  for (let next: string | undefined = first; next !== undefined;) {
    const answer: Received = await expectAnswer(host, `GET ${next}`, {
      status: 200,
      headers: { "content-type": MEDIA_TYPES.ociIndex },
    });
    assert.ok(answer.bytes.byteLength <= PAGE_BYTES_MAX, "a page fits what clients read");
    pages.push(listedIn(answer));
    const link = answer.headers["link"];
    next = link === undefined ? undefined : /^<(\/v2\/[^>]+)>; rel="next"$/.exec(String(link))?.[1];
    assert.equal(next === undefined, link === undefined);
  }
  return pages;
}

async function push(repository: string, artifact: Artifact): Promise<Artifact> {
  await pushManifest(host, `${repository}@${artifact.digest}`, artifact);
  return artifact;
}

const digests = (artifacts: readonly { digest: Digest }[]): Digest[] =>
  artifacts.map(({ digest }) => digest).toSorted();

describe("referrers", () => {
  const image = manifestOf({ annotations: { name: "the subject" } });
  const subject = descriptorOf(image);

  test("R33: a list is 200 with exactly the type of an index, whether anything is there or not", async () => {
    await pushManifest(host, "refer/some:v1", manifestOf());
    for (const repository of ["refer/nothing", "refer/some"]) {
      for (const digest of [image.digest, digestOf(image.bytes, "sha512"), "blake3:0123"]) {
        const answer = await expectAnswer(host, `GET /v2/${repository}/referrers/${digest}`, {
          status: 200,
          headers: {
            "content-type": MEDIA_TYPES.ociIndex,
            link: undefined,
            "oci-filters-applied": undefined,
          },
        });
        assert.deepEqual(listedIn(answer), []);
      }
    }
    for (const digest of ["sha256:beef", "v1", "sha256-beef"])
      await expectAnswer(host, `GET /v2/refer/some/referrers/${digest}`, {
        status: 400,
        code: "DIGEST_INVALID",
      });
  });

  test("R33: entries have type, size, artifact type and annotations, pushed before the subject or after", async () => {
    const annotations = { "org.example.key": "välue" };
    const before = await push("refer/app", manifestOf({ subject, artifactType: SBOM, annotations }));
    await push("refer/app", image);
    const config = { ...descriptorOf(blobOf("{}")), mediaType: SIGNATURE };
    const byConfig = await push("refer/app", manifestOf({ subject, config }));
    const index = await push("refer/app", indexOf([], { subject }));
    const [pages] = await pagesFrom(`/v2/refer/app/referrers/${image.digest}`);
    const expected = [
      { ...descriptorOf(before), artifactType: SBOM, annotations },
      { ...descriptorOf(byConfig), artifactType: SIGNATURE },
      descriptorOf(index),
    ];
    assert.deepEqual(
      pages,
      expected.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    );
  });

  test("R33: the list can be filtered by artifact type, and says so", async () => {
    const sbom = await push("refer/filter", manifestOf({ subject, artifactType: SBOM }));
    await push("refer/filter", manifestOf({ subject, artifactType: SIGNATURE }));
    for (const [type, expected] of [
      [SBOM, [sbom.digest]],
      ["application/vnd.example.other", []],
    ] as const) {
      const target = `/v2/refer/filter/referrers/${image.digest}?artifactType=${encodeURIComponent(type)}`;
      const answer = await expectAnswer(host, `GET ${target}`, {
        status: 200,
        headers: { "oci-filters-applied": "artifactType", "content-type": MEDIA_TYPES.ociIndex },
      });
      assert.deepEqual(digests(listedIn(answer)), expected);
    }
    const all = await expectAnswer(host, `GET /v2/refer/filter/referrers/${image.digest}?artifactType=`, {
      status: 200,
      headers: { "oci-filters-applied": undefined },
    });
    assert.equal(listedIn(all).length, 2);
    for (const type of ["a%00b", "%0A", "x".repeat(256)]) {
      await expectAnswer(host, `GET /v2/refer/filter/referrers/${image.digest}?artifactType=${type}`, {
        status: 400,
        code: "PARAMETER_INVALID",
      });
    }
  });

  test("R33: long annotations make several pages, each within what clients read, with nothing lost", async () => {
    const pushed: Artifact[] = [];
    const signatures: Artifact[] = [];
    // In UTF-8 the ship has four bytes, in UTF-16 two units: a page is measured as it is sent.
    for (let at = 0; at < 12; at++) {
      const annotations = { at: String(at), long: "🚢".repeat(100_000) };
      pushed.push(await push("refer/long", manifestOf({ subject, artifactType: SBOM, annotations })));
      signatures.push(
        await push("refer/long", manifestOf({ subject, artifactType: SIGNATURE, annotations })),
      );
    }
    for (const [query, expected] of [
      ["", [...pushed, ...signatures]],
      [`?artifactType=${SBOM}`, pushed],
    ] as const) {
      const pages = await pagesFrom(`/v2/refer/long/referrers/${image.digest}${query}`);
      assert.ok(pages.length > 1);
      assert.ok(pages.every((page) => page.length > 0));
      assert.deepEqual(
        pages.flat().map(({ digest }) => digest),
        digests(expected),
      );
    }
  });

  test("R33: a referrer that fills a page alone has one", async () => {
    const large = manifestOf({ subject, annotations: { large: "x".repeat(PAGE_BYTES_MAX - 2_000) } });
    const others = ["a", "b"].map((name) => manifestOf({ subject, annotations: { name } }));
    for (const artifact of [large, ...others]) await push("refer/large", artifact);
    const pages = await pagesFrom(`/v2/refer/large/referrers/${image.digest}`);
    assert.deepEqual(
      pages.flat().map(({ digest }) => digest),
      digests([large, ...others]),
    );
  });

  const many = "R33: very many referrers make a long first page, shorter when each is long";
  test(many, { skip: ENOUGH_ELSEWHERE }, async () => {
    for (const [repository, artifactType, count, pageMax] of [
      ["refer/many", "application/vnd.example", 5_200, 5_000],
      ["refer/wide", `application/${"船".repeat(240)}`, 4_900, 4_899],
    ] as const) {
      const put = await putReferrers(repository, artifactType, count);
      const pages = await pagesFrom(`/v2/${repository}/referrers/${image.digest}`);
      assert.equal(pages.length, 2);
      assert.ok(pages[0] && pages[0].length > 2_500 && pages[0].length <= pageMax);
      assert.deepEqual(
        pages.flat().map(({ digest }) => digest),
        put.toSorted(),
      );
    }
  });

  /** Puts referrers straight into the catalog, as so many pushes would take their time. */
  async function putReferrers(repository: string, artifactType: string, count: number): Promise<Digest[]> {
    const digestsPut = Array.from({ length: count }, (_, at) => digestOf(Buffer.from(repository + at)));
    const mediaType = MEDIA_TYPES.ociManifest;
    const referrer = { mediaType, artifactType, size: 2, imageSize: 0, bytes: Buffer.from("{}") };
    const rest = {
      class: "artifact" as const,
      annotations: {},
      platforms: [],
      blobs: [],
      children: [],
      subject: image.digest,
    };
    await registry.catalog.write(parseName(repository), { actor: "test", requestId: "test" }, async (tx) => {
      for (const digest of digestsPut) {
        await tx.putManifest({ ...referrer, ...rest, digest });
      }
    });
    return digestsPut;
  }

  test("a deleted referrer is gone from the list, and one whose subject is deleted stays", async () => {
    await push("refer/delete", image);
    const [stays, goes] = [SBOM, SIGNATURE].map((artifactType) => manifestOf({ subject, artifactType }));
    assert.ok(stays && goes);
    for (const artifact of [stays, goes]) await push("refer/delete", artifact);
    for (const { digest } of [goes, image])
      await expectAnswer(host, `DELETE /v2/refer/delete/manifests/${digest}`, { status: 202 });
    const [page = []] = await pagesFrom(`/v2/refer/delete/referrers/${image.digest}`);
    assert.deepEqual(digests(page), [stays.digest]);
    const [elsewhere] = await pagesFrom(`/v2/refer/nothing/referrers/${image.digest}`);
    assert.deepEqual(elsewhere, []);
  });

  test("what clients wrote under a fallback tag is listed if it has the subject, and no ghost beside it", async () => {
    const tag = fallbackTag(image.digest);
    const referrer = await push("refer/fallback", manifestOf({ subject, artifactType: SBOM }));
    const unrelated = await push("refer/fallback", manifestOf({ artifactType: SIGNATURE }));
    const ghost = manifestOf({ subject, artifactType: "application/vnd.example.ghost" });
    const index = indexOf([referrer, unrelated, ghost].map(descriptorOf));
    await pushManifest(host, `refer/fallback:${tag}`, index);
    const [page = []] = await pagesFrom(`/v2/refer/fallback/referrers/${image.digest}`);
    assert.deepEqual(digests(page), [referrer.digest]);
    await expectAnswer(host, `GET /v2/refer/fallback/manifests/${tag}`, { status: 200, bytes: index.bytes });
  });
});
