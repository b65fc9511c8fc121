import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { SBOM_TYPE } from "./content.ts";
import { digestsOf, writeFiles } from "./layout.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

const PLAIN = "--plain-http";
const FILES = { "readme.md": "# Cargo\n", "notes.txt": "all aboard\n" };

type Discovered = {
  referrers: { digest: string; artifactType: string; annotations?: Record<string, string> }[];
};

describeClient(["oras"], () => {
  let scene: Scene;
  let oras: Client;
  before(async () => {
    scene = await Scene.open();
    await writeFiles(scene.folder.at("files"), FILES);
    oras = new Client("oras", { folder: scene.folder.at("files") });
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const discover = async (name: string, ...more: string[]): Promise<Discovered> =>
    JSON.parse(await oras.run("discover", PLAIN, "--format=json", ...more, name)) as Discovered;

  test("files are pushed as an artifact and pulled again", async () => {
    const name = `${scene.host}/oras/files:1.0`;
    const type = ["--artifact-type", "application/vnd.example.notes"];
    await oras.run("push", PLAIN, ...type, name, "readme.md:text/markdown", "notes.txt:text/plain");
    await oras.run("pull", PLAIN, "--output", scene.folder.at("pulled"), name);
    for (const [file, text] of Object.entries(FILES)) {
      assert.equal(await readFile(scene.folder.at("pulled", file), "utf8"), text);
    }
    const manifest = JSON.parse(await oras.run("manifest", "fetch", PLAIN, name)) as { artifactType: string };
    assert.equal(manifest.artifactType, type[1]);
  });

  test("an image with what refers to it is copied in and out byte for byte, and no tag is made for it", async () => {
    const { attached, sbomManifest } = scene.content;
    const name = `${scene.host}/oras/attached:it`;
    await oras.run(
      "cp",
      "--recursive",
      "--from-oci-layout",
      "--to-plain-http",
      `${attached.folder}:it`,
      name,
    );
    const { referrers } = await discover(name);
    assert.deepEqual(
      referrers.map((referrer) => referrer.digest.split("@").at(-1)),
      [sbomManifest.digest],
    );
    const target = scene.folder.at("oras-out");
    await oras.run("cp", "--recursive", "--from-plain-http", "--to-oci-layout", name, `${target}:it`);
    assert.deepEqual(await digestsOf(`${target}/blobs`), await digestsOf(`${attached.folder}/blobs`));
    assert.deepEqual(await scene.tags("oras/attached"), ["it"]);
  });

  test("what is attached is discovered by its type through the referrers API alone", async () => {
    const { image, imageManifest } = scene.content;
    await using wire = await Wire.open(scene.host);
    const name = `${wire.host}/oras/attach:1.0`;
    await oras.run("cp", "--from-oci-layout", "--to-plain-http", `${image.folder}:it`, name);
    const attach = ["attach", PLAIN, "--annotation", "org.example.by=hand"];
    await oras.run(...attach, "--artifact-type", SBOM_TYPE, name, "notes.txt");
    await oras.run(...attach, "--artifact-type", "application/vnd.example.signature", name, "readme.md");

    assert.equal((await discover(name)).referrers.length, 2);
    const [sbom, ...others] = (await discover(name, "--artifact-type", SBOM_TYPE)).referrers;
    assert.deepEqual(others, []);
    assert.equal(sbom?.artifactType, SBOM_TYPE);
    assert.equal(sbom?.annotations?.["org.example.by"], "hand");

    assert.deepEqual(await scene.tags("oras/attach"), ["1.0"]);
    const asked = wire.find("GET", new RegExp(`/referrers/${imageManifest.digest}`));
    assert.ok(asked.length > 0 && asked.every((exchange) => exchange.status === 200));
    assert.deepEqual(wire.find("PUT", /\/manifests\/sha256-/), []);
  });

  test("an index is copied between repositories, several tags at once", async () => {
    const { index, indexManifest } = scene.content;
    const from = `${scene.host}/oras/index:1.0`;
    await oras.run("cp", "--from-oci-layout", "--to-plain-http", `${index.folder}:it`, from);
    const to = `${scene.host}/oras/index-copy:1.0,1,latest`;
    await oras.run("cp", "--from-plain-http", "--to-plain-http", from, to);
    assert.deepEqual(await scene.tags("oras/index-copy"), ["1", "1.0", "latest"]);
    const digest = await oras.run("resolve", PLAIN, `${scene.host}/oras/index-copy:latest`);
    assert.equal(digest.trim(), indexManifest.digest);
  });

  test("repositories below a namespace and tags without digest tags are listed", async () => {
    const { image, imageManifest } = scene.content;
    for (const name of ["two:1.0", "one:1.0", `one:${imageManifest.digest.replace(":", "-")}`]) {
      const target = `${scene.host}/oras-list/${name}`;
      await oras.run("cp", "--from-oci-layout", "--to-plain-http", `${image.folder}:it`, target);
    }
    const repositories = await oras.run("repo", "ls", PLAIN, `${scene.host}/oras-list`);
    assert.deepEqual(repositories.trim().split("\n"), ["one", "two"]);
    const tags = await oras.run(
      "repo",
      "tags",
      PLAIN,
      "--exclude-digest-tags",
      `${scene.host}/oras-list/one`,
    );
    assert.equal(tags.trim(), "1.0");
  });

  test("a deleted manifest is gone for whoever resolves it", async () => {
    const name = `${scene.host}/oras/delete:1.0`;
    await oras.run("cp", "--from-oci-layout", "--to-plain-http", `${scene.content.image.folder}:it`, name);
    await oras.run("manifest", "delete", PLAIN, "--force", name);
    assert.match(await oras.fails("resolve", PLAIN, name), /not found/);
  });
});
