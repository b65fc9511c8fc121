import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { descriptorOf, indexOf } from "../support/artifact.ts";
import { CONTENT, IMAGE, OTHER } from "./foreign-content.ts";
import { foreignRegistry } from "./foreign-registry.ts";
import { sendFailure, sendJson } from "./http-server.ts";
import { itemsOf, rowsOf, run } from "./run.ts";

describe("what a foreign registry does not list", () => {
  test("is read from manifests, and only as much as is asked for", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const asked = async (...args: string[]): Promise<string[]> => {
      registry.seen.length = 0;
      const { code, err } = await run([...args, "--output", "ndjson"]);
      assert.equal(code, 0, err);
      return registry.asked.map((line) =>
        line.replace(/sha256:\w+/, "<digest>").replace("GET /v2/app/", "GET "),
      );
    };
    const app = `${registry.host}/app`;
    assert.deepEqual(await asked("tags", app), ["GET tags/list?n=1000", "GET tags/list"]);
    const heads = ["1.0", "1.10", "1.9", "latest"].map((tag) => `HEAD /v2/app/manifests/${tag}`);
    const names = ["GET tags/list?n=1000", "GET tags/list"];
    assert.deepEqual(await asked("tags", app, "--fields", "name,digest"), [...names, ...heads]);
    const manifest = "GET manifests/<digest>";
    const classes = await asked("tags", app, "--class", "image");
    assert.deepEqual(classes.toSorted(), [...names, ...heads, manifest, manifest, manifest].toSorted());
    const labels = await asked("tags", app, "--label", "team");
    assert.deepEqual(
      labels.filter((line) => line.startsWith("GET blobs")),
      ["GET blobs/<digest>"],
    );
  });

  test("selects tags as our own lists do", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const found = async (...args: string[]): Promise<string[]> => {
      const { code, out, err } = await run(["tags", registry.host, ...args, "--output", "ndjson"]);
      assert.equal(code, 0, err);
      return itemsOf(out).map(({ repository, name }) => `${String(repository)}:${String(name)}`);
    };
    assert.deepEqual(await found("--under", "team"), ["team/app:latest", "team/deep/app:latest"]);
    assert.deepEqual(await found("--under", "team", "--depth", "1"), ["team/app:latest"]);
    assert.deepEqual(await found("--under", "math"), ["math:a"]);
    assert.deepEqual(await found("--name", "*app", "--tag", "1.?"), ["app:1.0", "app:1.9"]);
    assert.deepEqual(await found("--platform", "linux/arm64", "--under", "team"), [
      "team/app:latest",
      "team/deep/app:latest",
    ]);
    // The usual variant is what says none, too.
    assert.deepEqual(await found("--platform", "linux/arm64/v8"), await found("--platform", "linux/arm64"));
    assert.deepEqual(await found("--platform", "linux/arm64/v9"), []);
    assert.deepEqual(await found("--label", "team=infra", "--annotation", "title"), [
      "app:1.0",
      "app:1.10",
      "team/app:latest",
    ]);
    assert.deepEqual(await found("--label", "team=other"), []);
    assert.deepEqual(await found("--digest", OTHER.digest.slice(0, 20)), [
      "app:1.9",
      "math:a",
      "math-voila:a",
    ]);
    assert.deepEqual(await found("--repository", "app", "--class", "index,chart"), ["app:latest"]);
  });

  test("puts tags in the order of versions, and of what they take", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const order = async (...args: string[]): Promise<unknown[]> => {
      const { out } = await run(["tags", `${registry.host}/app`, "--output", "ndjson", ...args]);
      return itemsOf(out).map(({ name }) => name);
    };
    assert.deepEqual(await order("--order-by", "semver"), ["1.10", "1.9", "1.0", "latest"]);
    assert.deepEqual(await order("--order-by", "semver", "--asc", "--limit", "2"), ["latest", "1.0"]);
    assert.deepEqual(await order("--desc"), ["latest", "1.9", "1.10", "1.0"]);
    assert.equal((await order("--order-by", "imageSize"))[0], "latest");
  });

  test("groups tags by their manifests, and says that there may be others", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const { out, err } = await run(["manifests", `${registry.host}/app`]);
    assert.deepEqual(
      rowsOf(out).map(([, tags]) => tags),
      ["1.0,1.10", "1.9", "latest"],
    );
    assert.match(err, /^supercargo: Only manifests with tags are listed/);
  });

  test("finds what refers to a manifest, by the referrers list or the tag that stands in for it", async () => {
    const sbom = { ...descriptorOf(OTHER), artifactType: "application/spdx+json", annotations: { a: "b" } };
    const fallback = `sha256-${IMAGE.digest.slice("sha256:".length)}`;
    const list = ["manifests", "--subject", IMAGE.digest, "--output", "ndjson"];
    const expected = [{ repository: "app", subject: IMAGE.digest, digest: OTHER.digest, class: "sbom" }];
    const fields = ["--fields", Object.keys(expected[0] ?? {}).join(",")];
    await using registry = await foreignRegistry({ content: { app: { [fallback]: indexOf([sbom]) } } });
    const byTag = await run([...list, `${registry.host}/app`, ...fields]);
    assert.deepEqual(itemsOf(byTag.out), expected, byTag.err);
    await using modern = await foreignRegistry({
      content: { app: {} },
      before: ({ target }, response) => {
        if (target === `/v2/app/referrers/${IMAGE.digest}`) response.end(indexOf([sbom]).bytes);
        return target.startsWith("/v2/app/referrers/");
      },
    });
    const byList = await run([...list, `${modern.host}/app`, ...fields]);
    assert.deepEqual(itemsOf(byList.out), expected, byList.err);
  });

  test("counts tags and namespaces", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const repos = await run(["repos", registry.host, "--fields", "name,tagCount", "--output", "ndjson"]);
    assert.deepEqual(itemsOf(repos.out)[1], { name: "ghost", tagCount: 0 });
    const empty = await run(["repos", registry.host, "--empty", "--output", "ndjson"]);
    assert.deepEqual(itemsOf(empty.out), [{ name: "ghost", tagCount: 0 }]);
    const roots = await run(["namespaces", registry.host, "--output", "ndjson"]);
    assert.deepEqual(itemsOf(roots.out).at(-1), { path: "team", repository: false, repositoryCount: 2 });
    const below = await run(["namespaces", `${registry.host}/team`, "--output", "ndjson"]);
    assert.deepEqual(itemsOf(below.out), [
      { path: "team/app", repository: true, repositoryCount: 0 },
      { path: "team/deep", repository: false, repositoryCount: 1 },
    ]);
  });

  test("searches names, and says so", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const { out, err } = await run(["search", `${registry.host}/team`, "app", "deep"]);
    assert.deepEqual(rowsOf(out), [["repository", "team/deep/app", "name: team/deep/app"]]);
    assert.match(err, /cannot search/);
  });

  test("searches no further than the limit", async () => {
    await using registry = await foreignRegistry({ ...CONTENT, pageMax: 2 });
    const { out } = await run(["search", registry.host, "a", "--limit", "3"]);
    assert.deepEqual(
      rowsOf(out).map(([, name]) => name),
      ["app", "math", "math-voila"],
    );
    assert.equal(registry.asked.length, 3, "the last page is not asked for");
  });

  test("is left out of an image whose config is not there", async () => {
    await using registry = await foreignRegistry({ ...CONTENT, blobs: [] });
    const args = ["tags", `${registry.host}/team/app`, "--fields", "name,class,platforms,labels"];
    const { code, out } = await run([...args, "--output", "ndjson"]);
    assert.equal(code, 0);
    assert.deepEqual(itemsOf(out), [{ name: "latest", class: "image", platforms: [], labels: {} }]);
  });

  test("searches by the search of old where there is no catalog", async () => {
    await using registry = await foreignRegistry({
      content: {},
      before: ({ target }, response) => {
        if (target === "/v1/search?q=app&n=100") sendJson(response, { results: [{ name: "some/app" }] });
        else if (target.startsWith("/v2/_catalog")) sendFailure(response, 404, "UNSUPPORTED");
        else return false;
        return true;
      },
    });
    const { code, out } = await run(["search", registry.host, "app"]);
    assert.equal(code, 0);
    assert.deepEqual(rowsOf(out), [["repository", "some/app", "name: some/app"]]);
  });

  for (const [args, what] of [
    [["history", "HOST/app:latest"], "history"],
    [["events", "HOST"], "what happened"],
    [["tags", "HOST", "--at", "7d"], "at"],
    [["repos", "HOST", "--order-by", "updated"], "orderBy=updated"],
    [["manifests", "HOST/app", "--untagged"], "tagged=false"],
    [["tags", "HOST/app", "--updated-since", "7d", "--created-before", "7d"], "createdBefore, updatedSince"],
    [["search", "HOST", "app", "updated:<7d"], "updated:<7d"],
    [["tags", "HOST/app", "--fields", "pulled"], "pulled"],
  ] as const) {
    test(`is refused as unsupported: ${args.join(" ")}`, async () => {
      await using registry = await foreignRegistry(CONTENT);
      const { code, out, err } = await run(args.map((arg) => arg.replace("HOST", registry.host)));
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.ok(err.startsWith("supercargo: This registry") && err.includes(what), err);
      assert.deepEqual(registry.asked, []);
    });
  }
});
