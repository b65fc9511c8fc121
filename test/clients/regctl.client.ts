import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { SBOM_TYPE } from "./content.ts";
import { digestOf, digestsOf, writeFiles } from "./layout.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

const CHUNK_BYTES = 300_000;

describeClient(["regctl"], () => {
  let scene: Scene;
  let regctl: Client;
  let environment: Record<string, string>;
  before(async () => {
    scene = await Scene.open();
    environment = { REGCTL_CONFIG: scene.folder.at("regctl.json") };
    regctl = new Client("regctl", { environment });
    await regctl.run("registry", "set", "--skip-check", "--tls=disabled", scene.host);
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const push = async (kind: "image" | "index", name: string): Promise<string> => {
    const target = `${scene.host}/${name}`;
    await regctl.run("image", "copy", `ocidir://${scene.content[kind].folder}:it`, target);
    return target;
  };

  /** For what goes through a pipe. Arguments are `$1` and so on. */
  const shell = async (script: string, ...args: string[]): Promise<string> =>
    await new Client("sh", { environment }).run("-euc", script, "sh", ...args);

  test("an index is copied in and out byte for byte", async () => {
    const name = await push("index", "regctl/index:1.0");
    const target = scene.folder.at("regctl-out");
    await regctl.run("image", "copy", name, `ocidir://${target}:it`);
    assert.deepEqual(
      await digestsOf(`${target}/blobs`),
      await digestsOf(`${scene.content.index.folder}/blobs`),
    );
  });

  test("an image is rewritten with sha512 digests and read back by them", async () => {
    const name = await push("image", "regctl/sha512:1.0");
    await regctl.run("image", "mod", "--digest-algo=sha512", "--create=sha512", name);
    const digest = await regctl.run("image", "digest", `${scene.host}/regctl/sha512:sha512`);
    assert.match(digest, /^sha(256|512):/);
    const manifest = await regctl.run(
      "manifest",
      "get",
      "--format=raw-body",
      `${scene.host}/regctl/sha512:sha512`,
    );
    assert.match(manifest, /"digest": ?"sha512:[0-9a-f]{128}"/);
    await regctl.run(
      "image",
      "copy",
      `${scene.host}/regctl/sha512:sha512`,
      `ocidir://${scene.folder.at("sha512")}:it`,
    );
  });

  test("artifacts are listed as the referrers of their subject, and no fallback tag is made", async () => {
    const name = await push("image", "regctl/attached:1.0");
    await writeFiles(scene.folder.path, { "attachment.txt": "signed\n" });
    const file = scene.folder.at("attachment.txt");
    const type = "application/vnd.example.signature";
    for (const each of [SBOM_TYPE, type]) {
      await regctl.run("artifact", "put", "--artifact-type", each, "--file", file, "--subject", name);
    }
    const list = async (...more: string[]): Promise<string[]> => {
      const body = await regctl.run("artifact", "list", "--format", "{{json .Descriptors}}", ...more, name);
      return (JSON.parse(body) as { artifactType: string }[]).map((descriptor) => descriptor.artifactType);
    };
    assert.deepEqual((await list()).toSorted(), [SBOM_TYPE, type].toSorted());
    assert.deepEqual(await list("--filter-artifact-type", type), [type]);
    assert.deepEqual(await scene.tags("regctl/attached"), ["1.0"]);
  });

  test("a listing goes on after a repository that does not exist", async () => {
    for (const name of ["regctl-list/a", "regctl-list/c", "regctl-list/d", "regctl-list/e"]) {
      await push("image", `${name}:1.0`);
    }
    const next = await regctl.run("repo", "ls", "--limit=2", "--last=regctl-list/b", scene.host);
    assert.deepEqual(next.trim().split("\n"), ["regctl-list/c", "regctl-list/d"]);
    const end = await regctl.run("repo", "ls", "--last=zzz/zzz", scene.host);
    assert.equal(end.trim(), "");
  });

  test("a tag is deleted by itself: its manifest stays, and nothing is pushed in its place", async () => {
    const name = await push("image", "regctl/tags:1.0");
    await regctl.run("image", "copy", name, `${scene.host}/regctl/tags:2.0`);
    await using wire = await Wire.open(scene.host);
    await regctl.run("registry", "set", "--skip-check", "--tls=disabled", wire.host);
    await regctl.run("tag", "delete", `${wire.host}/regctl/tags:1.0`);
    assert.deepEqual(
      wire.find("DELETE", /\/manifests\/1\.0$/).map((exchange) => exchange.status),
      [202],
    );
    assert.deepEqual(wire.find("PUT", /./), []);
    assert.equal((await regctl.run("tag", "ls", `${scene.host}/regctl/tags`)).trim(), "2.0");
  });

  test("a blob goes over in chunks, is read as it was sent, and is deleted by its digest", async () => {
    await using wire = await Wire.open(scene.host);
    const limits = [`--blob-chunk=${CHUNK_BYTES}`, `--blob-max=${CHUNK_BYTES}`];
    await regctl.run("registry", "set", "--skip-check", "--tls=disabled", ...limits, wire.host);
    const repository = `${wire.host}/regctl/blobs`;
    const bytes = randomBytes(3 * CHUNK_BYTES + 1);
    await writeFile(scene.folder.at("sent"), bytes);

    const digest = (await shell('regctl blob put "$1" < "$2"', repository, scene.folder.at("sent"))).trim();
    assert.equal(digest, digestOf(bytes));
    const chunks = wire.find("PATCH", /./);
    assert.ok(chunks.length >= 3);
    assert.ok(chunks.every((chunk) => chunk.status === 202));
    await shell('regctl blob get "$1" "$2" > "$3"', repository, digest, scene.folder.at("read"));
    assert.deepEqual(await readFile(scene.folder.at("read")), bytes);

    await regctl.run("blob", "delete", repository, digest);
    await regctl.fails("blob", "head", repository, digest);
  });
});
