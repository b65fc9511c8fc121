import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf, type Received } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const STORE = {
  "org.opencontainers.image.title": "Redis",
  "org.opencontainers.image.description": "A key-value store",
};

await pushManifest(host, "library/redis:7.2", manifestOf({ annotations: STORE }));
await pushManifest(host, "library/debian:latest", manifestOf({ annotations: { a: "1" } }));
await pushManifest(host, "team/cache:redis-7", manifestOf({ annotations: { a: "2" } }));
await pushManifest(host, "team/redis:v1", manifestOf({ annotations: { a: "3" } }));

type Hit = {
  readonly kind: string;
  readonly repository?: string;
  readonly name?: string;
  readonly matched: readonly unknown[];
};

type Body = { readonly revision: number; readonly items: readonly Hit[]; readonly continue?: string };

const target = (q: string, more = ""): string => `/v2/_supercargo/search?q=${encodeURIComponent(q)}${more}`;

async function find(q: string): Promise<string[]> {
  const answer = await expectAnswer(host, `GET ${target(q)}`, { status: 200 });
  return namesOf(answer);
}

function namesOf(answer: Received): string[] {
  return (jsonOf(answer) as Body).items.map(
    ({ kind, repository, name }) => `${kind} ${repository ? `${repository}:` : ""}${name}`,
  );
}

describe("search", () => {
  test("answers hits with their kind, the item, and what matched", async () => {
    const answer = await expectAnswer(host, `GET ${target("redis")}`, {
      status: 200,
      headers: { "content-type": "application/json", link: undefined },
    });
    const { revision, items } = jsonOf(answer) as Body;
    assert.equal(answer.headers["supercargo-revision"], String(revision));
    assert.deepEqual(namesOf(answer), [
      "tag team/cache:redis-7",
      "repository team/redis",
      "repository library/redis",
    ]);
    assert.deepEqual(items[0]?.matched, [{ field: "name", value: "redis-7" }]);
    const { matched: _, kind: __, ...item } = items[1]!;
    const list = await expectAnswer(host, "GET /v2/_supercargo/repositories?repository=team/redis", {
      status: 200,
    });
    assert.deepEqual(item, (jsonOf(list) as Body).items[0]);
  });

  test("takes qualifiers beside words, and without them gives what changed last", async () => {
    assert.deepEqual(await find("redis under:library"), ["repository library/redis"]);
    assert.deepEqual(await find("redis 7.2"), ["tag library/redis:7.2"]);
    assert.deepEqual(await find("annotation:a"), [
      "tag team/redis:v1",
      "tag team/cache:redis-7",
      "tag library/debian:latest",
    ]);
    assert.deepEqual(await find("under:team updated:<1h"), [
      "repository team/redis",
      "repository team/cache",
    ]);
    assert.deepEqual(await find('"key-value store"'), ["tag library/redis:7.2"]);
    assert.deepEqual(await find("empty"), []);
  });

  test("takes the parameters of lists as well as qualifiers, also without a query, and repeats them in its link", async () => {
    const namesAt = async (query: string): Promise<string[]> => {
      const answer = await expectAnswer(host, `GET /v2/_supercargo/search?${query}`, { status: 200 });
      return namesOf(answer);
    };
    for (const [given, q] of [
      ["q=redis&under=library", "redis under:library"],
      ["q=redis&tag=7*", "redis tag:7*"],
      ["annotation=a&under=team", "annotation:a under:team"],
      ["q=annotation:a=2&annotation=a", "annotation:a=2 annotation:a"],
      ["q=&updatedSince=1h&under=team", "updated:<1h under:team"],
    ] as const) {
      const expected = await find(q);
      assert.ok(expected.length > 0, q);
      assert.deepEqual(await namesAt(given), expected, given);
    }
    const first = await expectAnswer(host, "GET /v2/_supercargo/search?annotation=a&under=team&n=1", {
      status: 200,
    });
    const link = String(first.headers["link"]);
    assert.match(link, /search\?annotation=a&under=team&n=1&continue=[\w-]+>/);
    const [, next = ""] = /^<([^>]+)>/.exec(link) ?? [];
    assert.deepEqual(
      [...namesOf(first), ...namesOf(await expectAnswer(host, `GET ${next}`, { status: 200 }))],
      await find("annotation:a under:team"),
    );
    const other = { status: 400, code: "PARAMETER_INVALID" } as const;
    await expectAnswer(host, `GET ${next.replace("under=team", "under=library")}`, other);
    await expectAnswer(host, "GET /v2/_supercargo/search?q=under:team&under=team", other);
  });

  test("finds a reference that was pasted, before what is like it", async () => {
    await using other = await TestRegistry.open();
    const [cache, draft] = [manifestOf({ annotations: STORE }), manifestOf({ annotations: { a: "draft" } })];
    await pushManifest(other.host, "team/redis:7.2", cache);
    await pushManifest(other.host, `team/redis@${draft.digest}`, draft);
    await pushManifest(other.host, "old/team/redis:7.2.1", manifestOf({ annotations: { a: "1" } }));
    const first = async (q: string): Promise<string | undefined> => {
      const answer = await expectAnswer(other.host, `GET ${target(q)}`, { status: 200 });
      return namesOf(answer)[0];
    };
    for (const name of [
      "team/redis",
      "redis",
      "registry.example.com/team/redis",
      "localhost:5000/team/redis",
    ]) {
      assert.equal(await first(`${name}:7.2`), "tag team/redis:7.2", name);
      assert.equal(await first(`${name}@${cache.digest}`), "tag team/redis:7.2", name);
      const manifest = await expectAnswer(other.host, `GET ${target(`${name}@${draft.digest}`)}`, {
        status: 200,
      });
      const [hit] = (jsonOf(manifest) as { items: { kind: string; digest: string }[] }).items;
      assert.deepEqual([hit?.kind, hit?.digest], ["manifest", draft.digest], name);
    }
    assert.equal(await first("registry.example.com/team/redis"), "repository team/redis");
    assert.equal(await first("none:at-all"), undefined);
    const old = await expectAnswer(other.host, "GET /v1/search?q=docker.io/team/redis:7.2", { status: 200 });
    assert.equal((jsonOf(old) as { results: { name: string }[] }).results[0]?.name, "team/redis");
  });

  test("goes on by its link with what was there, whatever is pushed meanwhile", async () => {
    const first = await expectAnswer(host, `GET ${target("redis", "&n=1")}`, { status: 200 });
    const found = namesOf(first);
    await pushManifest(host, "redis:new", manifestOf({ annotations: { a: "4" } }));
    await pushManifest(host, "library/redis:next", manifestOf({ annotations: { a: "5" } }));
    for (let { link } = first.headers; link !== undefined;) {
      const [, next] = /^<(\/v2\/_supercargo\/search\?[^>]+)>; rel="next"$/.exec(String(link)) ?? [];
      const answer = await expectAnswer(host, `GET ${next}`, { status: 200 });
      assert.equal(answer.headers["supercargo-revision"], first.headers["supercargo-revision"]);
      found.push(...namesOf(answer));
      ({ link } = answer.headers);
    }
    assert.deepEqual(found, ["tag team/cache:redis-7", "repository team/redis", "repository library/redis"]);
    assert.deepEqual((await find("redis")).slice(0, 1), ["repository redis"]);
    await expectAnswer(host, "DELETE /v2/redis/_supercargo/repository", { status: 202 });
    assert.ok(!(await find("redis")).includes("repository redis"));
  });

  test("is 304 while nothing has changed", async () => {
    const { headers } = await expectAnswer(host, `GET ${target("debian")}`, { status: 200 });
    const send = { headers: { "If-None-Match": String(headers["etag"]) } };
    await expectAnswer(host, `GET ${target("debian")}`, { send, status: 304 });
    await pushManifest(host, "library/debian:13", manifestOf({ annotations: { a: "6" } }));
    await expectAnswer(host, `GET ${target("debian")}`, { send, status: 200 });
  });

  test("takes n=0 for no hits and a large n for the largest, and refuses what it does not have", async () => {
    await expectAnswer(host, `GET ${target("redis", "&n=0")}`, { status: 200, headers: { link: undefined } });
    await expectAnswer(host, `GET ${target("redis", "&n=99999")}`, { status: 200 });
    for (const wrong of ["&n=-1", "&at=1", "&orderBy=name", "&continue=AAAA"]) {
      await expectAnswer(host, `GET ${target("redis", wrong)}`, { status: 400, code: "PARAMETER_INVALID" });
    }
    const { headers } = await expectAnswer(host, `GET ${target("redis", "&n=1")}`, { status: 200 });
    const token = /continue=([\w-]+)/.exec(String(headers["link"]))?.[1];
    await expectAnswer(host, `GET ${target("other", `&continue=${token}`)}`, {
      status: 400,
      code: "PARAMETER_INVALID",
    });
  });

  test("is 503 with the time to come back when it takes too long", async () => {
    await using other = await TestRegistry.open({ searchMs: -1 });
    await pushManifest(other.host, "team/app:v1", manifestOf());
    for (const line of [`GET ${target("app")}`, "GET /v1/search?q=app"]) {
      const headers = { "retry-after": /^[1-9]\d*$/, etag: undefined };
      await expectAnswer(other.host, line, { status: 503, code: "UNAVAILABLE", headers });
    }
    await expectAnswer(other.host, `GET ${target("app", "&n=0")}`, { status: 200 });
    await expectAnswer(other.host, "GET /v2/_supercargo/tags", { status: 200 });
  });

  test("answers hostile queries with a clear 400 or nothing", async () => {
    for (const q of [
      "%",
      "_",
      "*",
      "a* OR b",
      '"a" NEAR "b"',
      "'; drop table tag --",
      "%%%%%%",
      "日本語",
      "🦈",
      "\\",
      "(",
    ]) {
      const expected = q.includes('"') ? [] : await find(`"${q.replaceAll("\\", "\\\\")}"`);
      assert.deepEqual(await find(q), expected, q);
    }
    assert.deepEqual(await find("x".repeat(7_000)), []);
    for (const q of ["", "   ", "a\0b", '"', "foo:bar=x", Array(17).fill("redis").join(" ")]) {
      await expectAnswer(host, `GET ${target(q)}`, { status: 400, code: "PARAMETER_INVALID" });
    }
    await expectAnswer(host, "GET /v2/_supercargo/search", { status: 400, code: "PARAMETER_INVALID" });
  });
});

describe("the search of the first registries (B4)", () => {
  test("is pinged, and answers repositories with what their last tag says of them", async () => {
    await using other = await TestRegistry.open();
    await expectAnswer(other.host, "GET /v1/_ping", { status: 200 });
    await pushManifest(other.host, "library/redis:7", manifestOf({ annotations: STORE }));
    await pushManifest(other.host, "team/app:v1", manifestOf());
    const result = (name: string, description: string): object => ({
      name,
      description,
      star_count: 0,
      is_official: false,
      is_automated: false,
    });
    const counts = { num_pages: 1, page: 1, page_size: 25 };
    const redis = result("library/redis", "A key-value store");
    for (const q of ["redis", "*redis*", "library/redis", "store"]) {
      const json = { query: q, num_results: 1, ...counts, results: [redis] };
      await expectAnswer(other.host, `GET /v1/search?q=${encodeURIComponent(q)}`, { status: 200, json });
    }
    const all = { query: "*", num_results: 2, ...counts, results: [redis, result("team/app", "")] };
    await expectAnswer(other.host, "GET /v1/search?q=*", { status: 200, json: all });
    const paged = {
      query: "",
      num_results: 2,
      num_pages: 2,
      page: 2,
      page_size: 1,
      results: [result("team/app", "")],
    };
    await expectAnswer(other.host, "GET /v1/search?q=&n=1&page=2", { status: 200, json: paged });
    const none = { query: "nothing", num_results: 0, ...counts, num_pages: 0, results: [] };
    await expectAnswer(other.host, "GET /v1/search?q=nothing&n=25", { status: 200, json: none });
  });

  test("leaves out repositories without manifests, and refuses what it cannot read", async () => {
    await using other = await TestRegistry.open();
    const app = manifestOf();
    await pushManifest(other.host, "team/app:v1", app);
    await expectAnswer(other.host, `DELETE /v2/team/app/manifests/${app.digest}`, { status: 202 });
    const { results } = jsonOf(await expectAnswer(other.host, "GET /v1/search?q=app", { status: 200 })) as {
      results: unknown;
    };
    assert.deepEqual(results, []);
    for (const wrong of [
      "q=a&n=x",
      "q=a&page=-1",
      `q=${Array.from({ length: 17 }, (_, n) => n).join("+")}`,
    ]) {
      await expectAnswer(other.host, `GET /v1/search?${wrong}`, { status: 400, code: "PARAMETER_INVALID" });
    }
  });
});
