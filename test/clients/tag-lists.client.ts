import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { Scene } from "./scene.ts";
import { Wire } from "./wire.ts";

const TAGS = 2_500;
const PUSHES_AT_ONCE = 16;
const REPOSITORY = "lists/many";
/** In bytewise order, which is not the order of the numbers. */
const EXPECTED = Array.from({ length: TAGS }, (_, n) => `v${n}`).toSorted();
const MANIFEST = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };

describe(`a repository of ${TAGS} tags`, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open();
    const waiting = EXPECTED.values();
    const pushAll = async (): Promise<void> => {
      for (const tag of waiting) await pushTag(tag);
    };
    await Promise.all(Array.from({ length: PUSHES_AT_ONCE }, pushAll));
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const pushTag = async (tag: string): Promise<void> => {
    const response = await scene.fetch(`/v2/${REPOSITORY}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": MANIFEST.mediaType },
      body: JSON.stringify(MANIFEST),
    });
    assert.equal(response.status, 201);
  };

  describeClient(["skopeo"], () => {
    const skopeo = new Client("skopeo");
    const listTags = async (host: string): Promise<string[]> => {
      const output = await skopeo.run("list-tags", "--tls-verify=false", `docker://${host}/${REPOSITORY}`);
      return (JSON.parse(output) as { Tags: string[] }).Tags;
    };

    test("skopeo reads it in three pages, whole and in bytewise order", async () => {
      await using wire = await Wire.open(scene.host);
      assert.deepEqual(await listTags(wire.host), EXPECTED);
      assert.equal(wire.find("GET", /\/tags\/list/).length, 3);
    });

    test("skopeo misses nothing and repeats nothing while others push and delete", async () => {
      const stop = new AbortController();
      const churn = async (): Promise<number> => {
        let n = 0;
        for (; !stop.signal.aborted; n += 1) {
          await pushTag(`u${n}`);
          const gone = await scene.fetch(`/v2/${REPOSITORY}/manifests/u${n}`, { method: "DELETE" });
          assert.equal(gone.status, 202);
        }
        return n;
      };
      const churning = churn();
      try {
        for (let round = 0; round < 3; round += 1) {
          const tags = await listTags(scene.host);
          assert.deepEqual(
            tags.filter((tag) => tag.startsWith("v")),
            EXPECTED,
          );
          assert.equal(new Set(tags).size, tags.length);
        }
      } finally {
        stop.abort();
      }
      assert.ok((await churning) > 0);
    });
  });

  describeClient(["podman"], () => {
    test("podman search lists as many of its tags as it is asked for", async () => {
      const podman = new Client("podman", {
        leading: [
          "--root",
          scene.folder.at("storage"),
          "--runroot",
          scene.folder.at("run"),
          "--storage-driver=vfs",
        ],
      });
      const search = [
        "search",
        "--tls-verify=false",
        "--list-tags",
        "--limit=2400",
        `${scene.host}/${REPOSITORY}`,
      ];
      assert.deepEqual((await podman.run(...search)).match(/(?<= )v\d+$/gm), EXPECTED.slice(0, 2_400));
    });
  });

  describeClient(["crane"], () => {
    test("crane ls follows every page", async () => {
      const tags = await new Client("crane").run("ls", "--insecure", `${scene.host}/${REPOSITORY}`);
      assert.deepEqual(tags.trim().split("\n"), EXPECTED);
    });
  });

  describeClient(["oras"], () => {
    test("oras repo tags follows every page, and goes on after a tag that does not exist", async () => {
      const oras = new Client("oras");
      const repository = `${scene.host}/${REPOSITORY}`;
      const tags = await oras.run("repo", "tags", "--plain-http", repository);
      assert.deepEqual(tags.trim().split("\n"), EXPECTED);
      const rest = await oras.run("repo", "tags", "--plain-http", "--last=v998_", repository);
      assert.equal(rest.trim(), "v999");
    });
  });

  describeClient(["regctl"], () => {
    test("regctl tag ls follows every page", async () => {
      const regctl = new Client("regctl", { leading: ["--host", `reg=${scene.host},tls=disabled`] });
      const tags = await regctl.run("tag", "ls", `${scene.host}/${REPOSITORY}`);
      assert.deepEqual(tags.trim().split("\n"), EXPECTED);
    });
  });
});
