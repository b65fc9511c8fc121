import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { descriptorOf, indexOf, manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

/** Pushed by whichever test needs one of its own. */
const manifest = (name: string): ReturnType<typeof manifestOf> => manifestOf({ annotations: { name } });

describe("pulling manifests", async () => {
  const image = manifest("pulled");
  await pushManifest(host, "pull/app:v1", image);

  test("R12: GET and HEAD by tag and by digest have type, length, digest and ETag", async () => {
    for (const reference of ["v1", image.digest]) {
      const headers = {
        "content-type": image.mediaType,
        "content-length": image.bytes.byteLength,
        "docker-content-digest": image.digest,
        etag: `"${image.digest}"`,
      };
      await expectAnswer(host, `GET /v2/pull/app/manifests/${reference}`, {
        status: 200,
        headers,
        bytes: image.bytes,
      });
      await expectAnswer(host, `HEAD /v2/pull/app/manifests/${reference}`, {
        status: 200,
        headers,
        bytes: "",
      });
    }
  });

  test("R12: who has it already gets 304 without a body (B7.13)", async () => {
    for (const held of [`"${image.digest}"`, `"x", W/"${image.digest}"`, "*"]) {
      await expectAnswer(host, "GET /v2/pull/app/manifests/v1", {
        send: { headers: { "If-None-Match": held } },
        status: 304,
        headers: { etag: `"${image.digest}"`, "content-type": undefined, "content-length": undefined },
        bytes: "",
      });
    }
    const other = { headers: { "If-None-Match": `"${manifest("other").digest}"` } };
    await expectAnswer(host, "GET /v2/pull/app/manifests/v1", { send: other, status: 200 });
  });

  test("R13: the stored bytes come whatever Accept says", async () => {
    const index = indexOf([descriptorOf(image)]);
    await pushManifest(host, "pull/app:multi", index);
    for (const accept of [
      undefined,
      "*/*",
      MEDIA_TYPES.dockerManifest,
      `${MEDIA_TYPES.ociManifest}, application/json;q=0.1`,
      [MEDIA_TYPES.dockerManifestList, MEDIA_TYPES.ociIndex],
      "text/html",
    ]) {
      await expectAnswer(host, "GET /v2/pull/app/manifests/multi", {
        send: { headers: accept === undefined ? {} : { Accept: accept } },
        status: 200,
        headers: { "content-type": MEDIA_TYPES.ociIndex },
        bytes: index.bytes,
      });
    }
  });

  test("R14: manifests are never compressed (B7.3)", async () => {
    await expectAnswer(host, "GET /v2/pull/app/manifests/v1", {
      send: { headers: { "Accept-Encoding": "zstd, gzip, br, deflate" } },
      status: 200,
      headers: { "content-encoding": undefined, "content-length": image.bytes.byteLength },
    });
  });

  test("R15: sha256-<hex>, alone or with a suffix, is a tag like any other", async () => {
    const name = image.digest.replace(":", "-");
    await expectAnswer(host, `GET /v2/pull/app/manifests/${name}`, { status: 404, code: "MANIFEST_UNKNOWN" });
    const tags = [name, `${name}.att`, `${name}.sbom`, `${name}.sig`];
    for (const tag of tags) await pushManifest(host, `pull/signed:${tag}`, manifest(tag));
    await expectAnswer(host, "GET /v2/pull/signed/tags/list", {
      status: 200,
      json: { name: "pull/signed", tags },
    });
    await expectAnswer(host, `GET /v2/pull/signed/manifests/${image.digest}`, { status: 404 });
  });

  test("a manifest of one repository is in no other, and a deleted one stays in those that have it too", async () => {
    for (const repository of ["pull/one", "pull/two"]) await pushManifest(host, `${repository}:v1`, image);
    await pushManifest(host, "pull/three:v1", manifest("another"));
    const of = (repository: string): string => `/v2/${repository}/manifests/${image.digest}`;
    await expectAnswer(host, `GET ${of("pull/three")}`, { status: 404, code: "MANIFEST_UNKNOWN" });
    await expectAnswer(host, `DELETE ${of("pull/one")}`, { status: 202 });
    await expectAnswer(host, `GET ${of("pull/one")}`, { status: 404, code: "MANIFEST_UNKNOWN" });
    await expectAnswer(host, `GET ${of("pull/two")}`, { status: 200 });
  });
});

describe("deleting manifests", () => {
  test("R34: a tag goes alone, and a digest takes its tags along", async () => {
    const image = manifest("deleted");
    for (const tag of ["a", "b", "c"]) await pushManifest(host, `delete/app:${tag}`, image);
    const list = async (): Promise<unknown> =>
      jsonOf(await expectAnswer(host, "GET /v2/delete/app/tags/list", { status: 200 }));
    await expectAnswer(host, "DELETE /v2/delete/app/manifests/b", { status: 202 });
    await expectAnswer(host, "GET /v2/delete/app/manifests/b", { status: 404, code: "MANIFEST_UNKNOWN" });
    assert.deepEqual(await list(), { name: "delete/app", tags: ["a", "c"] });
    await expectAnswer(host, `GET /v2/delete/app/manifests/${image.digest}`, { status: 200 });
    await expectAnswer(host, `DELETE /v2/delete/app/manifests/${image.digest}`, { status: 202 });
    assert.deepEqual(await list(), { name: "delete/app", tags: [] });
    for (const reference of ["a", "c", image.digest])
      await expectAnswer(host, `GET /v2/delete/app/manifests/${reference}`, { status: 404 });
  });

  test("R34: what is not there is 404", async () => {
    await pushManifest(host, "delete/little:v1", manifest("little"));
    const { digest } = manifest("never pushed");
    await expectAnswer(host, "DELETE /v2/delete/little/manifests/v2", {
      status: 404,
      code: "MANIFEST_UNKNOWN",
    });
    await expectAnswer(host, `DELETE /v2/delete/little/manifests/${digest}`, {
      status: 404,
      code: "MANIFEST_UNKNOWN",
    });
    await expectAnswer(host, "DELETE /v2/delete/nothing/manifests/v1", { status: 404, code: "NAME_UNKNOWN" });
  });

  test("a child of an index can be deleted, and the index stays as it was pushed", async () => {
    const child = manifest("child");
    const index = indexOf([descriptorOf(child)]);
    await pushManifest(host, `delete/multi@${child.digest}`, child);
    await pushManifest(host, "delete/multi:v1", index);
    await expectAnswer(host, `DELETE /v2/delete/multi/manifests/${child.digest}`, { status: 202 });
    await expectAnswer(host, "GET /v2/delete/multi/manifests/v1", { status: 200, bytes: index.bytes });
  });
});
