import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { digestsOf, type Layout } from "./layout.ts";
import { readLog } from "./log.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

// It remembers which blobs hold the same layer, and would take one of those instead if it were allowed to.
const EXACT = "--preserve-digests";
const skopeo = new Client("skopeo", { leading: ["--insecure-policy"] });
const PLAIN_SOURCE = "--src-tls-verify=false";
const PLAIN_TARGET = "--dest-tls-verify=false";

describeClient(["skopeo"], () => {
  let scene: Scene;
  before(async () => void (scene = await Scene.open()));
  after(async () => await scene[Symbol.asyncDispose]());

  const push = async (layout: Layout, name: string, host = scene.host): Promise<string> =>
    await skopeo.run(
      "copy",
      "--all",
      EXACT,
      PLAIN_TARGET,
      `oci:${layout.folder}:it`,
      `docker://${host}/${name}`,
    );

  test("an image and an index come back into a layout byte for byte", async () => {
    for (const kind of ["image", "index"] as const) {
      const layout = scene.content[kind];
      const target = scene.folder.at(`oci-${kind}`);
      await push(layout, `skopeo/${kind}:1.0`);
      await skopeo.run(
        "copy",
        "--all",
        PLAIN_SOURCE,
        `docker://${scene.host}/skopeo/${kind}:1.0`,
        `oci:${target}:it`,
      );
      assert.deepEqual(await digestsOf(`${target}/blobs`), await digestsOf(`${layout.folder}/blobs`));
    }
  });

  test("an index comes back into a folder byte for byte, and out of it again", async () => {
    const { index, indexManifest } = scene.content;
    const target = scene.folder.at("dir-index");
    await push(index, "skopeo/dir:1.0");
    await skopeo.run(
      "copy",
      "--all",
      EXACT,
      PLAIN_SOURCE,
      `docker://${scene.host}/skopeo/dir:1.0`,
      `dir:${target}`,
    );
    const pulled = await digestsOf(target);
    for (const digest of await digestsOf(`${index.folder}/blobs`)) assert.ok(pulled.includes(digest), digest);
    const back = `docker://${scene.host}/skopeo/dir-back:1.0`;
    await skopeo.run("copy", "--all", EXACT, PLAIN_TARGET, `dir:${target}`, back);
    const response = await scene.fetch("/v2/skopeo/dir-back/manifests/1.0", { method: "HEAD" });
    assert.equal(response.headers.get("docker-content-digest"), indexManifest.digest);
  });

  test("a manifest in Docker's format is made and stored as such", async () => {
    const { image } = scene.content;
    const source = `oci:${image.folder}:it`;
    await skopeo.run(
      "copy",
      "--format=v2s2",
      PLAIN_TARGET,
      source,
      `docker://${scene.host}/skopeo/docker:1.0`,
    );
    const response = await scene.fetch("/v2/skopeo/docker/manifests/1.0");
    assert.equal(
      response.headers.get("content-type"),
      "application/vnd.docker.distribution.manifest.v2+json",
    );
    await skopeo.run(
      "copy",
      PLAIN_SOURCE,
      `docker://${scene.host}/skopeo/docker:1.0`,
      `dir:${scene.folder.at("v2s2")}`,
    );
  });

  test("a copy between repositories mounts every layer, and the log tells of the new repository once", async () => {
    await using wire = await Wire.open(scene.host);
    await push(scene.content.image, "skopeo/mount-a:1.0", wire.host);
    wire.exchanges.length = 0;
    const [from, to] = [
      `docker://${wire.host}/skopeo/mount-a:1.0`,
      `docker://${wire.host}/skopeo/mount-b:1.0`,
    ];
    await skopeo.run("copy", EXACT, PLAIN_SOURCE, PLAIN_TARGET, from, to);
    const mounts = wire.find("POST", /^\/v2\/skopeo\/mount-b\/blobs\/uploads\/\?.*from=skopeo%2Fmount-a/);
    assert.deepEqual(
      mounts.map((exchange) => exchange.status),
      [201, 201],
    );
    assert.equal(wire.find("PATCH", /./).length, 1, "only the config is sent");
    const events = (await readLog(scene.host)).filter((event) => event.repository === "skopeo/mount-b");
    assert.deepEqual(
      events.map((event) => `${event.type} ${event.subject}`),
      [
        "repository.created skopeo/mount-b",
        `manifest.pushed skopeo/mount-b@${scene.content.imageManifest.digest}`,
        "tag.set skopeo/mount-b:1.0",
      ],
    );
  });

  test("sync carries a repository out into a folder and in again under another name", async () => {
    for (const tag of ["1.0", "2.0", "latest"]) await push(scene.content.image, `skopeo/sync:${tag}`);
    const target = scene.folder.at("sync");
    const host = scene.host;
    await skopeo.run("sync", PLAIN_SOURCE, "--src=docker", "--dest=dir", `${host}/skopeo/sync`, target);
    await skopeo.run("sync", PLAIN_TARGET, "--src=dir", "--dest=docker", target, `${host}/skopeo/synced`);
    assert.deepEqual(await scene.tags("skopeo/synced/sync"), ["1.0", "2.0", "latest"]);
  });

  test("inspect shows digest, layers and tags, and the manifest as it was pushed", async () => {
    const { image, imageManifest } = scene.content;
    await push(image, "skopeo/inspect:1.0");
    await push(image, "skopeo/inspect:edge");
    const reference = `docker://${scene.host}/skopeo/inspect:1.0`;
    const seen = JSON.parse(await skopeo.run("inspect", "--tls-verify=false", reference)) as Record<
      string,
      unknown
    >;
    assert.equal(seen["Digest"], imageManifest.digest);
    assert.deepEqual(seen["RepoTags"], ["1.0", "edge"]);
    assert.deepEqual(seen["Labels"], { "org.example.team": "dock" });
    const raw = await skopeo.run("inspect", "--tls-verify=false", "--raw", reference);
    const stored = await readFile(`${image.folder}/blobs/${imageManifest.digest.replace(":", "/")}`, "utf8");
    assert.equal(raw, stored);
  });

  test("delete takes the manifest and every tag that points to it", async () => {
    const { image, imageManifest, index } = scene.content;
    await push(image, "skopeo/delete:1.0");
    await push(image, "skopeo/delete:same");
    await push(index, "skopeo/delete:other");
    await skopeo.run("delete", "--tls-verify=false", `docker://${scene.host}/skopeo/delete:1.0`);
    assert.deepEqual(await scene.tags("skopeo/delete"), ["other"]);
    assert.equal((await scene.fetch(`/v2/skopeo/delete/manifests/${imageManifest.digest}`)).status, 404);
    await skopeo.fails("inspect", "--tls-verify=false", `docker://${scene.host}/skopeo/delete:same`);
  });
});
