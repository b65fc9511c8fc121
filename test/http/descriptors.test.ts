import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { descriptorOf, manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { fill, followed } from "../support/forms.ts";
import { TestRegistry } from "../support/registry.ts";

type Descriptor = { readonly digest: string; readonly size: number; readonly mediaType: string };

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

describe("descriptors/list", () => {
  const index = { "content-type": MEDIA_TYPES.ociIndex };

  test("it is an image index of all tags and untagged manifests, each of which can be fetched", async () => {
    const artifactType = "application/vnd.example.note";
    const note = manifestOf({ artifactType, subject: descriptorOf(manifestOf()) });
    await fill(registry, ["whole"], ["v2", "Latest", "v1"]);
    await pushManifest(host, `whole@${note.digest}`, note);
    const answer = await expectAnswer(host, "GET /v2/whole/descriptors/list", {
      status: 200,
      headers: index,
    });
    assert.equal(answer.headers["docker-content-digest"], digestOf(answer.bytes));
    const { manifests, ...rest } = jsonOf(answer) as { manifests: Descriptor[] };
    assert.deepEqual(rest, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex });
    const image = { ...descriptorOf(manifestOf()), artifactType: MEDIA_TYPES.ociEmpty };
    const tagged = ["Latest", "v1", "v2"].map((tag) => ({
      ...image,
      annotations: { "org.opencontainers.image.ref.name": tag },
    }));
    assert.deepEqual(manifests, [...tagged, { ...descriptorOf(note), artifactType }]);
    for (const { digest, size, mediaType } of manifests) {
      const headers = { "content-type": mediaType, "content-length": size };
      const { bytes } = await expectAnswer(host, `GET /v2/whole/manifests/${digest}`, {
        status: 200,
        headers,
      });
      assert.equal(digestOf(bytes), digest);
    }
    const inPlaceOfTag = await expectAnswer(host, "GET /v2/whole/manifests/_list", {
      status: 200,
      headers: index,
    });
    assert.ok(inPlaceOfTag.bytes.equals(answer.bytes));
  });

  test("a page that the tags fill has a Link only if manifests without a tag follow", async () => {
    await fill(registry, ["filled"], ["a", "b"]);
    const path = "/v2/filled/descriptors/list?n=2";
    await expectAnswer(host, `GET ${path}`, { status: 200, headers: { link: undefined } });
    const loose = [1, 2].map((seed) => manifestOf({ annotations: { loose: String(seed) } }));
    for (const manifest of loose) await pushManifest(host, `filled@${manifest.digest}`, manifest);
    const digests = loose.map(({ digest }) => digest).toSorted();
    const [first = "", ...others] = digests;
    for (const n of [1, 2, 3, 4, 5])
      assert.deepEqual(await followed(host, `/v2/filled/descriptors/list?n=${n}`), ["a", "b", ...digests]);
    for (const [last, expected] of [
      ["aa", ["b", ...digests]],
      ["b", digests],
      [first, others],
      ["sha256:", digests],
      ["sha256:g", []],
    ] as const)
      assert.deepEqual(await followed(host, `/v2/filled/descriptors/list?last=${last}`), expected, last);
    assert.deepEqual(await followed(host, "/v2/filled/descriptors/list?n=0"), []);
  });

  test("an unknown repository has none, one without manifests an empty one", async () => {
    for (const place of ["descriptors/list", "manifests/_list", "tags/_list"])
      await expectAnswer(host, `GET /v2/kin/nothing/${place}`, { status: 404, code: "NAME_UNKNOWN" });
    await fill(registry, ["emptied"]);
    await expectAnswer(host, `DELETE /v2/emptied/manifests/${manifestOf().digest}`, { status: 202 });
    const json = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] };
    await expectAnswer(host, "GET /v2/emptied/descriptors/list", { status: 200, headers: index, json });
  });

  test("a manifest that is tagged _list is what that tag gives, until the tag is deleted", async () => {
    const image = manifestOf({ annotations: { of: "_list" } });
    await pushManifest(host, "hidden:_list", image);
    await expectAnswer(host, "GET /v2/hidden/manifests/_list", { status: 200, bytes: image.bytes });
    assert.deepEqual(await followed(host, "/v2/hidden/descriptors/list"), ["_list"]);
    await expectAnswer(host, "DELETE /v2/hidden/manifests/_list", { status: 202 });
    await expectAnswer(host, "GET /v2/hidden/manifests/_list", { status: 200, headers: index });
  });
});
