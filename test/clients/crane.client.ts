import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { digestsOf } from "./layout.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

const crane = new Client("crane", { leading: ["--insecure"] });
const gcrane = new Client("gcrane", { leading: ["--insecure"] });

describeClient(["crane", "gcrane"], () => {
  let scene: Scene;
  before(async () => void (scene = await Scene.open()));
  after(async () => await scene[Symbol.asyncDispose]());

  const pushImage = async (name: string, host = scene.host): Promise<string> =>
    await crane.run("push", scene.content.image.folder, `${host}/${name}`);

  test("an image is pushed, validated against its own digests, and its files come back", async () => {
    await pushImage("crane/app:1.0");
    const name = `${scene.host}/crane/app:1.0`;
    assert.match(await crane.run("validate", "--remote", name), /^PASS/);
    const archive = scene.folder.at("export.tar");
    await crane.run("export", name, archive);
    const files = execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).split("\n");
    assert.ok(files.includes("app/hello.sh"));
    assert.ok(files.includes("bin/busybox"));
    assert.ok(!files.includes("bin/vi"), "the whiteout took it away");
  });

  test("an index within an index comes back into a layout byte for byte", async () => {
    const { folder } = scene.content.index;
    await crane.run("push", "--index", folder, `${scene.host}/crane/index:1.0`);
    const target = scene.folder.at("crane-index");
    await crane.run("pull", "--format=oci", `${scene.host}/crane/index:1.0`, target);
    const pulled = await digestsOf(`${target}/blobs`);
    for (const digest of await digestsOf(`${folder}/blobs`)) assert.ok(pulled.includes(digest), digest);
  });

  test("digest reads what a HEAD says, and nothing more", async () => {
    await pushImage("crane/head:1.0");
    await using wire = await Wire.open(scene.host);
    const digest = (await crane.run("digest", `${wire.host}/crane/head:1.0`)).trim();
    assert.equal(digest, scene.content.imageManifest.digest);
    assert.equal(wire.find("HEAD", /\/manifests\/1\.0$/).length, 1);
    assert.equal(wire.find("GET", /\/manifests\//).length, 0);
  });

  test("a copy between repositories mounts every blob", async () => {
    await pushImage("crane/mount-a:1.0");
    await using wire = await Wire.open(scene.host);
    await crane.run("copy", `${wire.host}/crane/mount-a:1.0`, `${wire.host}/crane/mount-b:1.0`);
    const mounts = wire.find("POST", /mount-b\/blobs\/uploads\/\?from=crane%2Fmount-a&mount=/);
    assert.deepEqual(
      mounts.map((exchange) => exchange.status),
      [201, 201, 201],
    );
    assert.equal(wire.find("PATCH", /./).length, 0);
  });

  test("catalog and ls show repositories and tags in order, and ls can leave digest tags out", async () => {
    const digestTag = scene.content.imageManifest.digest.replace(":", "-");
    await pushImage("crane-list/b:2.0");
    await crane.run("tag", `${scene.host}/crane-list/b:2.0`, "1.0");
    await crane.run("tag", `${scene.host}/crane-list/b:2.0`, `${digestTag}.sig`);
    await pushImage("crane-list/a:1.0");
    const repositories = (await crane.run("catalog", scene.host)).trim().split("\n");
    const own = repositories.filter((name) => name.startsWith("crane-list/"));
    assert.deepEqual(own, ["crane-list/a", "crane-list/b"]);
    const repository = `${scene.host}/crane-list/b`;
    assert.deepEqual((await crane.run("ls", repository)).trim().split("\n"), [
      "1.0",
      "2.0",
      `${digestTag}.sig`,
    ]);
    assert.deepEqual((await crane.run("ls", "-O", repository)).trim().split("\n"), ["1.0", "2.0"]);
    assert.deepEqual((await gcrane.run("ls", repository)).trim().split("\n").slice(0, 2), [
      `${repository}:1.0`,
      `${repository}:2.0`,
    ]);
  });

  test("a tag is deleted and its manifest stays; a digest is deleted and its tags go", async () => {
    await pushImage("crane/delete:1.0");
    await crane.run("tag", `${scene.host}/crane/delete:1.0`, "2.0");
    await crane.run("delete", `${scene.host}/crane/delete:1.0`);
    assert.deepEqual(await scene.tags("crane/delete"), ["2.0"]);
    await crane.run("delete", `${scene.host}/crane/delete@${scene.content.imageManifest.digest}`);
    assert.deepEqual(await scene.tags("crane/delete"), []);
  });

  test("a layer appended to a pushed image makes another image, and the first stays", async () => {
    await pushImage("crane/append:1.0");
    const layer = scene.folder.at("layer.tar");
    execFileSync("tar", ["-C", scene.folder.at("content/app"), "-cf", layer, "app"]);
    const [base, more] = [`${scene.host}/crane/append:1.0`, `${scene.host}/crane/append:1.1`];
    await crane.run("append", "--base", base, "--new_layer", layer, "--new_tag", more);
    assert.match(await crane.run("validate", "--remote", more), /^PASS/);
    assert.equal((await crane.run("digest", base)).trim(), scene.content.imageManifest.digest);
  });
});
