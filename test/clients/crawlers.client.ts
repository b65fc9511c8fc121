import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseLink } from "../../src/oci/link.ts";
import { EMPTY_INDEX, pushAll } from "./pushes.ts";
import { Scene } from "./scene.ts";

const REPOSITORIES = 12;
const TAGS = 30;
const RENOVATE_PAGES_MAX = 20;

// Programs too large to run here, by the requests that they are known to make one after the other.
describe("crawlers", () => {
  let scene: Scene;
  const names = Array.from({ length: REPOSITORIES }, (_, n) => `team-${n % 3}/app-${n}`).toSorted();
  const tags = Array.from({ length: TAGS }, (_, n) => `1.${n}`).toSorted();

  before(async () => {
    scene = await Scene.open();
    await pushAll(
      scene,
      names.flatMap((repository) => tags.map((tag) => ({ repository, tag }))),
    );
  });
  after(async () => await scene[Symbol.asyncDispose]());

  test("Harbor's replication sees every repository, every tag, and by HEAD what each is", async () => {
    assert.equal((await scene.fetch("/v2/")).status, 200);
    const catalog = await scene.fetch("/v2/_catalog?n=1000");
    const { repositories } = (await catalog.json()) as { repositories: string[] };
    assert.deepEqual(
      repositories.filter((name) => name.startsWith("team-")),
      names,
    );
    for (const name of names) {
      assert.deepEqual(await scene.tags(name), tags);
      const { headers } = await scene.fetch(`/v2/${name}/manifests/1.0`, { method: "HEAD" });
      assert.equal(headers.get("content-type"), EMPTY_INDEX.mediaType);
      assert.equal(headers.get("content-length"), String(EMPTY_INDEX.body.length));
      assert.match(headers.get("docker-content-digest") ?? "", /^sha256:[0-9a-f]{64}$/);
    }
  });

  test("zot's sync, which asks for what comes after the last name it saw, ends with an empty list", async () => {
    const seen: string[] = [];
    for (let last = ""; ; last = seen.at(-1) ?? "") {
      const response = await scene.fetch(`/v2/_catalog?last=${encodeURIComponent(last)}&n=5`);
      const { repositories } = (await response.json()) as { repositories: string[] };
      if (repositories.length === 0) break;
      seen.push(...repositories);
    }
    assert.deepEqual(
      seen.filter((name) => name.startsWith("team-")),
      names,
    );
    assert.equal(new Set(seen).size, seen.length);
  });

  test("Renovate gets all tags in the pages it is ready to follow, asking for more than a page holds", async () => {
    for (const n of [10_000, 2]) {
      const seen: string[] = [];
      let next: string | undefined = `/v2/team-0/app-0/tags/list?n=${n}`;
      for (let page = 0; next !== undefined && page < RENOVATE_PAGES_MAX; page += 1) {
        const response: Response = await scene.fetch(next);
        assert.equal(response.status, 200);
        seen.push(...((await response.json()) as { tags: string[] }).tags);
        next = parseLink(response.headers.get("link") ?? "").find((link) => link.rel === "next")?.url;
      }
      assert.deepEqual(seen, tags);
    }
  });
});
