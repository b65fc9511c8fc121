import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { crawl, namesOn, nextOf, pushTags } from "../support/crawl.ts";
import { expectAnswer, type Received } from "../support/exchange.ts";
import { ENOUGH_ELSEWHERE, TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const deleteTag = (repository: string, tag: string): Promise<Received> =>
  expectAnswer(host, `DELETE /v2/${repository}/manifests/${tag}`, { status: 202 });

describe("lists of names", () => {
  test("R17: both are 200, application/json, with an array that is never null (B7.12)", async () => {
    await using empty = await TestRegistry.open();
    const headers = { "content-type": "application/json" };
    await expectAnswer(empty.host, "GET /v2/_catalog", { status: 200, headers, json: { repositories: [] } });
    await pushManifest(host, "list/untagged@" + manifestOf().digest, manifestOf());
    const json = { name: "list/untagged", tags: [] };
    await expectAnswer(host, "GET /v2/list/untagged/tags/list", { status: 200, headers, json });
  });

  test("R18: an unknown repository has no tag list, a known one without tags an empty one", async () => {
    await expectAnswer(host, "GET /v2/list/nothing/tags/list", { status: 404, code: "NAME_UNKNOWN" });
    await pushManifest(host, "list/emptied:v1", manifestOf());
    const target = `DELETE /v2/list/emptied/manifests/${manifestOf().digest}`;
    await expectAnswer(host, target, { status: 202 });
    const json = { name: "list/emptied", tags: [] };
    await expectAnswer(host, "GET /v2/list/emptied/tags/list", { status: 200, json });
    const catalog = await crawl(host, "/v2/_catalog");
    assert.ok(!catalog.includes("list/emptied"), "an empty repository is not in the catalog");
  });

  test("R19: the order is that of bytes, also across pages, with capitals before small letters (B7.10)", async () => {
    const tags = [
      "_",
      "-a",
      "0",
      "1.10",
      "1.9",
      "A",
      "Z",
      "_x",
      "a",
      "a-b",
      "a.b",
      "a_b",
      "aB",
      "ab",
      "b",
      "é",
    ];
    const legal = tags.filter((tag) => /^\w[\w.-]*$/.test(tag));
    await pushTags(host, "list/order", legal.toReversed());
    const bytewise = legal.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await crawl(host, "/v2/list/order/tags/list"), bytewise);
    for (const n of [1, 2, 3, 5])
      assert.deepEqual(await crawl(host, `/v2/list/order/tags/list?n=${n}`), bytewise, `n=${n}`);
  });

  test("R19: last is exclusive, need not exist, may be empty, and after the end there is nothing", async () => {
    await pushTags(host, "list/last", ["a", "b", "d"]);
    for (const [query, tags] of [
      ["last=", ["a", "b", "d"]],
      ["last=a", ["b", "d"]],
      ["last=c", ["d"]],
      ["last=A", ["a", "b", "d"]],
      ["last=b&n=1", ["d"]],
      ["last=d", []],
      ["last=zzz&n=5", []],
      ["last=%F0%9F%9A%A2", []],
      ["last=a%00", ["b", "d"]],
      ["last=%00", ["a", "b", "d"]],
      ["last=%ff%fe", []],
      ["last=sha256:x/%2e%2e", []],
    ] as const) {
      await expectAnswer(host, `GET /v2/list/last/tags/list?${query}`, {
        status: 200,
        headers: { link: undefined },
        json: { name: "list/last", tags },
      });
    }
    await expectAnswer(host, "GET /v2/_catalog?last=zzzz&n=100", {
      status: 200,
      headers: { link: undefined },
      json: { repositories: [] },
    });
  });

  test("R20: n=0 is an empty page without a Link, a large n is no error, anything else is refused", async () => {
    await pushTags(host, "list/n", ["a", "b"]);
    for (const list of ["/v2/_catalog", "/v2/list/n/tags/list"]) {
      const none = await expectAnswer(host, `GET ${list}?n=0`, { status: 200, headers: { link: undefined } });
      assert.deepEqual(namesOn(none), []);
      for (const n of ["", "50", "100", "1000", "10000", "100000", "9".repeat(30)])
        assert.ok(namesOn(await expectAnswer(host, `GET ${list}?n=${n}`, { status: 200 })).length > 1, n);
      for (const n of ["-1", "1.5", "1e3", "abc", "%20", "0x10", "NaN", "9".repeat(31)])
        await expectAnswer(host, `GET ${list}?n=${n}`, { status: 400, code: "PAGINATION_NUMBER_INVALID" });
    }
  });

  test("R21: a page has 1,000 names unless told, and as many as fit in one that is asked for more", async () => {
    const tags = Array.from({ length: 1_002 }, (_, at) => `t${String(at).padStart(5, "0")}`);
    await pushTags(host, "list/many", tags);
    const first = await expectAnswer(host, "GET /v2/list/many/tags/list", { status: 200 });
    assert.deepEqual(namesOn(first), tags.slice(0, 1000));
    assert.match(nextOf(first) ?? "", /^\/v2\/list\/many\/tags\/list\?last=t00999&n=1000&at=\d+$/);
    assert.deepEqual(await crawl(host, "/v2/list/many/tags/list"), tags);
    const clamped = await expectAnswer(host, "GET /v2/list/many/tags/list?n=100000", { status: 200 });
    assert.deepEqual(namesOn(clamped), tags);
  });

  const many = "R21: very many tags come in pages of 10,000 at most, each within the 4 MiB that clients read";
  test(many, { skip: ENOUGH_ELSEWHERE }, async () => {
    const tags = Array.from({ length: 10_100 }, (_, at) => String(at).padStart(128, "0"));
    const name = parseName("list/huge");
    const { digest } = manifestOf();
    await pushManifest(host, `list/huge@${digest}`, manifestOf());
    for (let at = 0; at < tags.length; at += 500) {
      await registry.catalog.write(name, { actor: "test", requestId: "test" }, async (tx) => {
        for (const tag of tags.slice(at, at + 500)) await tx.setTag(parseTag(tag), digest);
      });
    }
    const sizes: number[] = [];
    const all = await crawl(host, "/v2/list/huge/tags/list?n=99999", async (page) => {
      sizes.push(page.length);
    });
    assert.deepEqual(all, tags);
    assert.deepEqual(sizes, [10_000, 100]);
    const page = await expectAnswer(host, "GET /v2/list/huge/tags/list?n=10000", { status: 200 });
    assert.ok(page.bytes.byteLength < 4 * 1024 * 1024);
  });

  test("R22: one Link with one path-absolute, encoded URL, on every page but the last", async () => {
    await pushTags(host, "list/link", ["a", "b", "c"]);
    for (const [query, next] of [
      ["?n=1", "/v2/list/link/tags/list?last=a&n=1"],
      ["?n=2", "/v2/list/link/tags/list?last=b&n=2"],
      ["?n=3", undefined],
      ["?n=2&last=a&orderby=x", undefined],
      ["", undefined],
    ] as const) {
      const answer = await expectAnswer(host, `GET /v2/list/link/tags/list${query}`, { status: 200 });
      const revision = String(answer.headers["supercargo-revision"]);
      assert.equal(nextOf(answer), next && `${next}&at=${revision}`, query);
    }
    const catalog = await expectAnswer(host, "GET /v2/_catalog?n=1&last=list/l", { status: 200 });
    assert.match(nextOf(catalog) ?? "", /^\/v2\/_catalog\?last=list%2Flast&n=1&at=\d+$/);
  });

  test("R23: a page is full, or it is the last one", async () => {
    await pushTags(host, "list/full", ["a", "b", "c", "d", "e", "f"]);
    await deleteTag("list/full", "b");
    await deleteTag("list/full", "c");
    const page = await expectAnswer(host, "GET /v2/list/full/tags/list?n=3", { status: 200 });
    assert.deepEqual(namesOn(page), ["a", "d", "e"]);
  });

  test("R24: a list that has not changed is 304, one that has is not, and one that is not there is 404", async () => {
    await pushTags(host, "list/etag", ["a"]);
    for (const list of ["/v2/_catalog", "/v2/list/etag/tags/list"]) {
      const { headers } = await expectAnswer(host, `GET ${list}`, {
        status: 200,
        headers: { etag: /^W\/".+"$/ },
      });
      const send = { headers: { "If-None-Match": headers.etag } };
      await expectAnswer(host, `GET ${list}`, { send, status: 304, bytes: "" });
      await expectAnswer(host, "GET /v2/list/nowhere/tags/list", { send, status: 404 });
      await pushTags(host, "list/etag", [`for${list.length}`]);
      await expectAnswer(host, `GET ${list}`, { send, status: 200 });
    }
    const any = { headers: { "If-None-Match": "*" } };
    await expectAnswer(host, "GET /v2/list/nowhere/tags/list", {
      send: any,
      status: 404,
      code: "NAME_UNKNOWN",
    });
  });

  test("names that begin alike do not lose one another, and no list shows those of another (peers)", async () => {
    for (const name of ["math", "math-voila", "math/voila", "math.voila", "mat"])
      await pushTags(host, name, [name.replace("/", "_")]);
    const first = "/v2/_catalog?n=1&last=ma";
    const expected = ["mat", "math", "math-voila", "math.voila", "math/voila"];
    assert.deepEqual(await crawl(host, first), expected);
    await expectAnswer(host, "GET /v2/math/tags/list", {
      status: 200,
      json: { name: "math", tags: ["math"] },
    });
    for (const name of expected)
      await expectAnswer(host, `DELETE /v2/${name}/_supercargo/repository`, { status: 202 });
  });

  test("a name that is deleted after the page that ended with it loses nothing (peers)", async () => {
    const tags = ["a", "b", "c", "d", "e"];
    await pushTags(host, "list/deleted", tags);
    const seen = await crawl(host, "/v2/list/deleted/tags/list?n=2", async (page) => {
      const last = page.at(-1);
      if (last !== undefined && last !== "e") await deleteTag("list/deleted", last);
    });
    assert.deepEqual(seen, tags);
    for (const name of ["zz/a", "zz/b", "zz/c"]) await pushTags(host, name, ["v1"]);
    const repositories = await crawl(host, "/v2/_catalog?n=1&last=zy", async ([name = ""]) => {
      await expectAnswer(host, `DELETE /v2/${name}/_supercargo/repository`, { status: 202 });
    });
    assert.deepEqual(repositories, ["zz/a", "zz/b", "zz/c"]);
  });
});
