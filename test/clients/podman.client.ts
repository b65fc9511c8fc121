import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { Scene } from "./scene.ts";

const PLAIN = "--tls-verify=false";

// Both keep images in one storage, which works as plain files (vfs) without an engine or a mount.
describeClient(["podman", "buildah"], () => {
  let scene: Scene;
  let podman: Client;
  let buildah: Client;

  before(async () => {
    scene = await Scene.open();
    const storage = ["--root", scene.folder.at("storage"), "--runroot", scene.folder.at("run")];
    const leading = [...storage, "--storage-driver=vfs"];
    podman = new Client("podman", { leading });
    buildah = new Client("buildah", { leading });
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const forgetAll = async (): Promise<void> => void (await podman.run("rmi", "--all", "--force"));

  test("podman pushes an image and pulls the same image into an empty storage", async () => {
    const name = `${scene.host}/podman/app:1.0`;
    const id = (await podman.run("pull", "--quiet", `oci:${scene.content.image.folder}:it`)).trim();
    await podman.run("push", PLAIN, id, name);
    await forgetAll();
    assert.equal((await podman.run("pull", PLAIN, "--quiet", name)).trim(), id);
  });

  test("podman pulls the platform it asks for out of an index, compressed by zstd or not", async () => {
    const name = `${scene.host}/podman/index:1.0`;
    await podman.run("manifest", "create", "both");
    await podman.run("manifest", "add", "--all", "both", `oci:${scene.content.index.folder}:it`);
    await podman.run("manifest", "push", "--all", PLAIN, "both", `docker://${name}`);
    await forgetAll();
    for (const platform of ["linux/amd64", "linux/arm64"]) {
      const id = (await podman.run("pull", PLAIN, "--quiet", "--platform", platform, name)).trim();
      const format = "{{.Os}}/{{.Architecture}}";
      assert.equal((await podman.run("image", "inspect", "--format", format, id)).trim(), platform);
    }
  });

  test("buildah builds on a pushed image, pushes the result, and finds the files of both in it", async () => {
    const base = `${scene.host}/buildah/base:1.0`;
    const name = `${scene.host}/buildah/built:1.0`;
    const id = (await podman.run("pull", "--quiet", `oci:${scene.content.image.folder}:it`)).trim();
    await podman.run("push", PLAIN, id, base);
    await forgetAll();

    const container = (await buildah.run("from", PLAIN, "--pull", base)).trim();
    await buildah.run("copy", container, scene.folder.at("content/app/app/hello.sh"), "/built.sh");
    await buildah.run("config", "--label", "org.example.built=yes", container);
    await buildah.run("commit", "--rm", container, name);
    await buildah.run("push", PLAIN, name);
    await forgetAll();

    const pulled = (await buildah.run("from", PLAIN, "--pull", name)).trim();
    const root = (await buildah.run("mount", pulled)).trim();
    assert.deepEqual(await readdir(`${root}/app`), ["hello.sh"]);
    assert.match(await readFile(`${root}/built.sh`, "utf8"), /echo hello/);
    const inspected = await buildah.run("inspect", pulled);
    assert.match(inspected, /"org\.example\.built": "yes"/);
    assert.match(inspected, /"org\.example\.team": "dock"/);
    assert.deepEqual(await scene.tags("buildah/built"), ["1.0"]);
  });

  test("podman search finds repositories and lists tags", async () => {
    const id = (await podman.run("pull", "--quiet", `oci:${scene.content.image.folder}:it`)).trim();
    for (const name of ["search/one:1.0", "search/one:2.0", "search/two:1.0"]) {
      await podman.run("push", PLAIN, id, `${scene.host}/${name}`);
    }
    const names = async (term: string): Promise<string[]> => {
      const found = await podman.run(
        "search",
        PLAIN,
        "--limit=100",
        "--format",
        "{{.Name}}",
        `${scene.host}/${term}`,
      );
      return found.split("\n").filter((name) => name.includes("/search/"));
    };
    const all = ["search/one", "search/two"].map((name) => `${scene.host}/${name}`);
    assert.deepEqual(await names(""), all);
    assert.deepEqual(await names("search/tw"), all.slice(1));
    const tags = await podman.run("search", PLAIN, "--list-tags", `${scene.host}/search/one`);
    assert.deepEqual(tags.match(/(?<= )[0-9.]+$/gm), ["1.0", "2.0"]);
  });
});
