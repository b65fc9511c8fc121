import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { describeClient } from "./client.ts";
import { Containerd } from "./containerd.ts";
import { digestOf, digestsOf } from "./layout.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

describeClient(["containerd", "ctr"], () => {
  let scene: Scene;
  before(async () => void (scene = await Scene.open()));
  after(async () => await scene[Symbol.asyncDispose]());

  /** Imports a layout as `<name>:it` and pushes it. */
  const push = async (kind: "image" | "index", name: string): Promise<void> => {
    await using source = await Containerd.start(scene.folder, `source-${kind}`);
    const archive = scene.folder.at(`${kind}.tar`);
    execFileSync("tar", ["-C", scene.content[kind].folder, "-cf", archive, "."]);
    await source.ctr.run("images", "import", "--no-unpack", "--all-platforms", "--base-name", name, archive);
    await source.ctr.run("images", "push", "--plain-http", `${name}:it`);
  };

  test("an image and an index that one containerd pushes are fetched whole by another", async () => {
    for (const kind of ["image", "index"] as const) {
      const name = `${scene.host}/ctr/${kind}`;
      await push(kind, name);
      await using target = await Containerd.start(scene.folder, `target-${kind}`);
      await target.ctr.run("content", "fetch", "--plain-http", "--all-platforms", `${name}:it`);
      assert.deepEqual(await target.content(), await digestsOf(`${scene.content[kind].folder}/blobs`));
    }
  });

  test("a push of what was fetched from another repository mounts its blobs", async () => {
    await push("image", `${scene.host}/ctr/mount-a`);
    await using wire = await Wire.open(scene.host);
    await using store = await Containerd.start(scene.folder, "mount");
    const [from, to] = [`${wire.host}/ctr/mount-a:it`, `${wire.host}/ctr/mount-b:it`];
    await store.ctr.run("content", "fetch", "--plain-http", "--all-platforms", from);
    await store.ctr.run("images", "tag", from, to);
    await store.ctr.run("images", "push", "--plain-http", to);
    // It does not escape the query, as most clients do.
    const mounts = wire.find(
      "POST",
      /\/ctr\/mount-b\/blobs\/uploads\/\?.*from=ctr\/mount-a&mount=sha256:|mount=sha256:.*from=ctr\/mount-a/,
    );
    assert.deepEqual(
      mounts.map((exchange) => exchange.status),
      [201, 201, 201],
    );
  });

  test("a pull by digest gets one object as it was pushed", async () => {
    await push("image", `${scene.host}/ctr/object`);
    await using store = await Containerd.start(scene.folder, "object");
    const { digest } = scene.content.imageManifest;
    const name = `${scene.host}/ctr/object@${digest}`;
    const bytes = await store.ctr.run("content", "fetch-object", "--plain-http", name);
    assert.equal(digestOf(Buffer.from(bytes)), digest);
  });
});
