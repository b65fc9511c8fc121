import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { TestRegistry } from "../support/registry.ts";

type Body = { revision: number; items: Record<string, unknown>[]; continue?: string };

const NAMES = ["a", "a-b", "a/b", "a/b/c", "library/debian"];
const TAGS = ["1.10.0", "1.9.0", "latest"];

describe("our lists", () => {
  let registry: TestRegistry;

  before(async () => {
    registry = await TestRegistry.open();
    for (const name of NAMES) for (const tag of TAGS) await push(name, tag);
  });

  after(() => registry[Symbol.asyncDispose]());

  async function push(name: string, tag: string, seed = name + tag): Promise<string> {
    const content = manifest(seed, { annotations: { tag } });
    await registry.catalog.write(parseName(name), ORIGIN, async (tx) => {
      await tx.putManifest(content);
      await tx.setTag(parseTag(tag), content.digest);
    });
    return content.digest;
  }

  function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://${registry.host}${path}`, { headers });
  }

  async function list(path: string): Promise<Body> {
    const answer = await ask(path);
    assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
    return (await answer.json()) as Body;
  }

  /** All items of a list, by following its links. */
  async function crawl(
    path: string,
    between: () => Promise<unknown> = async () => {},
  ): Promise<Body["items"]> {
    const items: Body["items"] = [];
    for (let next: string | undefined = path; next !== undefined;) {
      const answer = await ask(next);
      assert.equal(answer.status, 200);
      const body = (await answer.json()) as Body;
      items.push(...body.items);
      const link: string | undefined = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
      assert.equal(link === undefined, body.continue === undefined);
      next = link;
      await between();
    }
    return items;
  }

  test("say the revision they are of, in the body and the header", async () => {
    const answer = await ask("/v2/_supercargo/repositories");
    const body = (await answer.json()) as Body;
    assert.equal(answer.headers.get("supercargo-revision"), String(body.revision));
    assert.equal(body.revision, (await registry.catalog.bounds()).revision);
    assert.deepEqual(
      body.items.map(({ name }) => name),
      NAMES,
    );
    assert.equal(answer.headers.get("link"), null);
    assert.equal("continue" in body, false);
  });

  test("of a repository are those of exactly this one", async () => {
    const { items } = await list("/v2/a/b/_supercargo/tags?orderBy=semver");
    assert.deepEqual(
      items.map(({ repository, name }) => [repository, name]),
      [
        ["a/b", "1.10.0"],
        ["a/b", "1.9.0"],
        ["a/b", "latest"],
      ],
    );
    assert.equal((await ask("/v2/a/none/_supercargo/tags")).status, 404);
    assert.equal((await list("/v2/a/b/_supercargo/manifests?tagged=true")).items.length, 3);
  });

  test("go on at the revision of the first page, whatever is pushed and deleted meanwhile", async () => {
    const expected = (await list("/v2/_supercargo/tags?under=a&n=1000")).items;
    let round = 0;
    const seen = await crawl("/v2/_supercargo/tags?under=a&n=2", async () => {
      round++;
      await push("a/b", "latest", `moved ${round}`);
      await push("a/b/c", `new-${round}`);
      await registry.catalog.write(parseName("a"), ORIGIN, (tx) => tx.deleteTag(parseTag("latest")));
    });
    assert.deepEqual(seen, expected);
    await push("a", "latest");
  });

  test("reckon ages from the first page on all pages", async (t) => {
    const start = Date.now();
    await push("ages/one", "t");
    await push("ages/two", "t");
    t.mock.timers.enable({ apis: ["Date"], now: start + 3_000_000 });
    const path = "/v2/_supercargo/repositories?under=ages&updatedSince=1h&n=1";
    const seen = await crawl(path, async () => t.mock.timers.setTime(start + 4_000_000));
    t.mock.timers.reset();
    assert.equal(seen.length, 2);
  });

  test("are asked for at a revision or a time that is over", async () => {
    const { revision } = await list("/v2/_supercargo/tags");
    const now = Date.now();
    const time = new Date(now).toISOString();
    while (Date.now() <= now) await new Promise(setImmediate);
    const digest = await push("moving", "t", "one");
    const between = await list("/v2/moving/_supercargo/tags");
    await push("moving", "t", "two");
    const then = await list(`/v2/moving/_supercargo/tags?at=${between.revision}`);
    assert.deepEqual(then.items, between.items);
    assert.equal(then.items[0]?.["digest"], digest);
    assert.equal((await ask(`/v2/moving/_supercargo/tags?at=${revision}`)).status, 404);
    const earlier = await list(`/v2/_supercargo/repositories?under=moving&at=${time}`);
    assert.deepEqual(earlier.items, []);
    assert.equal((await ask("/v2/_supercargo/tags?at=999999")).status, 400);
  });

  test("begin behind last, which need not exist", async () => {
    const names = async (path: string): Promise<unknown[]> =>
      (await list(path)).items.map(({ name, path: itself }) => name ?? itself);
    assert.deepEqual(await names("/v2/_supercargo/repositories?under=a&last=a/az"), ["a/b", "a/b/c"]);
    assert.deepEqual(await names("/v2/_supercargo/repositories?under=a&last=a/b&order=desc"), ["a"]);
    assert.deepEqual(await names("/v2/_supercargo/namespaces?under=a&last=a/a"), ["a/b"]);
    assert.deepEqual(await names("/v2/a/b/_supercargo/tags?last=1.10.x"), ["1.9.0", "latest"]);
    assert.deepEqual(await names("/v2/_supercargo/tags?under=a-b&last=a-b:1.9"), ["1.9.0", "latest"]);
    assert.deepEqual(await names("/v2/_supercargo/tags?under=library&last=library/debian"), []);
    assert.deepEqual(await names("/v2/_supercargo/repositories?last=zzz"), []);
  });

  test("are cut to n, of which 0 gives nothing and too many are clamped", async () => {
    const none = await list("/v2/_supercargo/tags?n=0");
    assert.deepEqual([none.items, none.continue], [[], undefined]);
    const answer = await ask("/v2/_supercargo/tags?n=100000&under=a/b/c");
    assert.equal(answer.status, 200);
    const all = (await list("/v2/_supercargo/repositories?under=a")).items.length;
    assert.equal((await list(`/v2/_supercargo/repositories?under=a&n=${all}`)).continue, undefined);
  });

  test("show the fields that are asked for", async () => {
    const { items } = await list("/v2/_supercargo/tags?under=a/b/c&tag=1.9*&fields=name,annotations");
    assert.deepEqual(items, [{ name: "1.9.0", annotations: { tag: "1.9.0" } }]);
    const [debian] = (await list("/v2/_supercargo/repositories?repository=library/debian&include=latest"))
      .items;
    assert.deepEqual((debian?.["latest"] as { name: string } | undefined)?.name, "latest");
  });

  test("answer 304 to those who have the page, until something changes", async () => {
    const path = "/v2/_supercargo/repositories?under=a&n=1";
    const etag = (await ask(path)).headers.get("etag") ?? "";
    assert.equal((await ask(path, { "if-none-match": etag })).status, 304);
    await push("a", "etag");
    assert.equal((await ask(path, { "if-none-match": etag })).status, 200);
  });

  test("show when something was pulled, to the hour", async () => {
    const digest = await push("pulled", "t");
    assert.equal((await ask("/v2/pulled/manifests/t")).status, 200);
    await registry.pulls.flush();
    await push("pulled/not", "t");
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
    const { items } = await list("/v2/_supercargo/manifests?under=pulled&orderBy=pulled");
    assert.deepEqual(
      items.map(({ repository, digest: of, pulled }) => [repository, of === digest, pulled]),
      [
        ["pulled", true, hour],
        ["pulled/not", false, undefined],
      ],
    );
  });

  test("tell the history of a tag that is gone", async () => {
    const [one, two] = [await push("history", "t", "h1"), await push("history", "t", "h2")];
    await registry.catalog.write(parseName("history"), ORIGIN, (tx) => tx.deleteRepository());
    const { items } = await list("/v2/history/_supercargo/tags/t/history");
    assert.deepEqual(
      items.map(({ event, digest, previousDigest }) => [event, digest, previousDigest]),
      [
        ["deleted", two, undefined],
        ["set", two, one],
        ["set", one, undefined],
      ],
    );
    const paged = await crawl("/v2/history/_supercargo/tags/t/history?n=1");
    assert.deepEqual(paged, items);
  });

  const WRONG: readonly [path: string, parameter: string][] = [
    ["/v2/_supercargo/tags?foo=1", "foo"],
    ["/v2/_supercargo/tags?n=-1", "n"],
    ["/v2/_supercargo/tags?n=many", "n"],
    ["/v2/_supercargo/tags?orderBy=colour", "orderBy"],
    ["/v2/_supercargo/repositories?orderBy=semver", "orderBy"],
    ["/v2/_supercargo/tags?order=up", "order"],
    ["/v2/_supercargo/tags?orderBy=size&last=a", "last"],
    ["/v2/_supercargo/tags?at=yesterday", "at"],
    ["/v2/_supercargo/tags?fields=colour", "fields"],
    ["/v2/_supercargo/tags?include=latest", "include"],
    ["/v2/_supercargo/tags?continue=abc", "continue"],
    ["/v2/_supercargo/tags?platform=linux", "platform"],
    ["/v2/_supercargo/tags?tagged=maybe", "tagged"],
    ["/v2/_supercargo/repositories?empty=1", "empty"],
    ["/v2/_supercargo/repositories?updatedSince=soon", "updatedSince"],
    ["/v2/a/_supercargo/tags?repository=a", "repository"],
    ["/v2/a/_supercargo/tags/t/history?last=1", "last"],
  ];
  for (const [path, parameter] of WRONG) {
    test(`refuse ${path} and name the parameter`, async () => {
      const answer = await ask(path);
      assert.equal(answer.status, 400);
      const { errors } = (await answer.json()) as {
        errors: { code: string; message: string; detail: { parameter: string } }[];
      };
      assert.equal(errors[0]?.code, "PARAMETER_INVALID");
      assert.equal(errors[0].detail.parameter, parameter);
      assert.match(errors[0].message, new RegExp(parameter));
    });
  }

  test("refuse a token of another query", async () => {
    const { continue: token } = await list("/v2/_supercargo/tags?under=a&n=1");
    for (const path of [
      "/v2/_supercargo/tags?",
      "/v2/_supercargo/tags?under=a/b&",
      "/v2/a/_supercargo/tags?",
    ]) {
      assert.equal((await ask(`${path}continue=${token}`)).status, 400);
    }
    assert.equal((await ask(`/v2/_supercargo/tags?under=a&n=3&continue=${token}`)).status, 200);
  });
});
