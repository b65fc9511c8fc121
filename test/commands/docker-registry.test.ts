import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { DOCKER_REGISTRY, Registry } from "../../bench/registries.ts";
import { pushManifest, startUpload, type Artifact } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { CONFIG, IMAGE, INDEX } from "./foreign-content.ts";
import { itemsOf, rowsOf, run } from "./run.ts";

const ABSENT =
  spawnSync("docker-registry", ["--version"]).error !== undefined && "docker-registry is not installed";

async function push(host: string, repository: string, blob: Artifact): Promise<void> {
  const location = new URL(await startUpload(host, repository), `http://${host}`);
  location.searchParams.set("digest", blob.digest);
  const target = `PUT ${location.pathname}${location.search}`;
  await expectAnswer(host, target, { send: { body: blob.bytes }, status: 201 });
}

test("Debian's docker-registry is listed as our own registry is", { skip: ABSENT }, async () => {
  await using registry = await Registry.open(DOCKER_REGISTRY);
  const host = `127.0.0.1:${registry.port}`;
  for (const name of ["app", "math", "math-voila", "team/app"]) {
    await push(host, name, CONFIG);
    for (const tag of ["1.9", "1.10"]) await pushManifest(host, `${name}:${tag}`, IMAGE);
    await pushManifest(host, `${name}:latest`, INDEX);
  }
  const repos = await run(["repos", host, "--fields", "name,tagCount"]);
  assert.deepEqual(
    rowsOf(repos.out),
    [
      ["app", "3"],
      ["math", "3"],
      ["math-voila", "3"],
      ["team/app", "3"],
    ],
    repos.err,
  );
  const newest = await run([
    "tags",
    `${host}/app`,
    "--order-by",
    "semver",
    "--limit",
    "1",
    "--output",
    "ndjson",
  ]);
  assert.deepEqual(itemsOf(newest.out), [{ repository: "app", name: "1.10" }]);
  const args = ["tags", host, "--label", "team=infra", "--platform", "linux/arm64", "--output", "ndjson"];
  const found = await run([...args, "--fields", "repository,name,digest,class,imageCreated"]);
  assert.deepEqual(
    itemsOf(found.out).filter(({ repository }) => repository === "math"),
    ["1.10", "1.9"].map((name) => ({ repository: "math", name, digest: IMAGE.digest, class: "image" })),
  );
  assert.equal(itemsOf(found.out).length, 8);
  await expectAnswer(host, `DELETE /v2/math/manifests/${IMAGE.digest}`, { status: 202 });
  await expectAnswer(host, `DELETE /v2/math/manifests/${INDEX.digest}`, { status: 202 });
  const ghosts = await run(["repos", host, "--empty", "--output", "ndjson"]);
  assert.deepEqual(itemsOf(ghosts.out), [{ name: "math", tagCount: 0 }]);
});
