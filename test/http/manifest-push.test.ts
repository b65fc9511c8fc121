import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../src/oci/digest.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { blobOf, descriptorOf, indexOf, manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

/** Pushed by whichever test needs one of its own. */
const manifest = (name: string): ReturnType<typeof manifestOf> => manifestOf({ annotations: { name } });

describe("pushing manifests", () => {
  test("R31: a push by tag is 201 with the sha256 digest, and the bytes come back as they were sent", async () => {
    const odd = Buffer.from(`{ "schemaVersion" : 2,\n\t"manifests":[ ] , "x-ünknown": 1.0e2 }\n\n`);
    const digest = digestOf(odd);
    await expectAnswer(host, "PUT /v2/push/odd/manifests/v1", {
      send: { headers: { "Content-Type": MEDIA_TYPES.ociIndex }, body: odd },
      status: 201,
      headers: {
        location: `/v2/push/odd/manifests/${digest}`,
        "docker-content-digest": digest,
        "content-length": "0",
        "oci-tag": undefined,
        "oci-subject": undefined,
      },
    });
    for (const reference of ["v1", digest])
      await expectAnswer(host, `GET /v2/push/odd/manifests/${reference}`, { status: 200, bytes: odd });
  });

  test("R31: unknown media types are kept, and parameters of the type are not", async () => {
    for (const [tag, sent, served] of [
      ["unknown", "application/vnd.example.thing+json", "application/vnd.example.thing+json"],
      ["charset", `${MEDIA_TYPES.ociManifest}; charset=utf-8`, MEDIA_TYPES.ociManifest],
      ["docker", MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerManifest],
    ] as const) {
      const { bytes } = manifestOf({ mediaType: served, annotations: { name: tag } });
      await expectAnswer(host, `PUT /v2/push/types/manifests/${tag}`, {
        send: { headers: { "Content-Type": sent }, body: bytes },
        status: 201,
      });
      const headers = { "content-type": served };
      await expectAnswer(host, `HEAD /v2/push/types/manifests/${tag}`, { status: 200, headers });
    }
  });

  test("R31: a manifest of 4 MiB is taken, one byte more is 413, and the connection goes on", async () => {
    const limit = 4 * 1024 * 1024;
    const padded = (size: number): Buffer => {
      const empty = manifestOf({ annotations: { pad: "" } }).bytes.byteLength;
      return manifestOf({ annotations: { pad: "x".repeat(size - empty) } }).bytes;
    };
    const headers = { "Content-Type": MEDIA_TYPES.ociManifest };
    await expectAnswer(host, "PUT /v2/push/large/manifests/fits", {
      send: { headers, body: padded(limit) },
      status: 201,
    });
    await expectAnswer(host, "PUT /v2/push/large/manifests/over", {
      send: { headers, body: padded(limit + 1) },
      status: 413,
      code: "SIZE_EXCEEDED",
    });
    await expectAnswer(host, "GET /v2/push/large/tags/list", {
      status: 200,
      json: { name: "push/large", tags: ["fits"] },
    });
  });

  test("R31: a manifest with a subject is answered with OCI-Subject, whether the subject is there or not", async () => {
    const subject = descriptorOf(manifest("a subject"));
    for (const artifact of [manifestOf({ subject }), indexOf([], { subject })]) {
      const { headers } = await pushManifest(host, "push/subject:v1", artifact);
      assert.equal(headers["oci-subject"], subject.digest);
    }
  });

  test("R31: a push by digest points tag= parameters to it, more than ten at once, and names them in OCI-Tag", async () => {
    const tags = Array.from({ length: 12 }, (_, at) => `t${String(at).padStart(2, "0")}`);
    const { digest, bytes, mediaType } = manifest("many tags");
    const query = tags.map((tag) => `tag=${tag}`).join("&");
    await expectAnswer(host, `PUT /v2/push/tags/manifests/${digest}?${query}`, {
      send: { headers: { "Content-Type": mediaType }, body: bytes },
      status: 201,
      headers: { "docker-content-digest": digest, "oci-tag": tags.join(", ") },
    });
    await expectAnswer(host, "GET /v2/push/tags/tags/list", {
      status: 200,
      json: { name: "push/tags", tags },
    });
    const headers = { "docker-content-digest": digest };
    await expectAnswer(host, "HEAD /v2/push/tags/manifests/t11", { status: 200, headers });
  });

  test("R31: sha512 is verified and kept, and tag= is how such a manifest gets a tag", async () => {
    const { bytes, mediaType } = manifest("sha512");
    const digest = digestOf(bytes, "sha512");
    const sent = { headers: { "Content-Type": mediaType }, body: bytes };
    const headers = { "docker-content-digest": digest };
    await expectAnswer(host, `PUT /v2/push/sha512/manifests/${digest}?tag=long`, {
      send: sent,
      status: 201,
      headers: { ...headers, "oci-tag": "long" },
    });
    for (const reference of ["long", digest])
      await expectAnswer(host, `GET /v2/push/sha512/manifests/${reference}`, { status: 200, bytes, headers });
    await expectAnswer(host, `PUT /v2/push/sha512/manifests/${digest.slice(0, -1)}0`, {
      send: { ...sent, body: `${bytes.toString()} ` },
      status: 400,
      code: "DIGEST_INVALID",
    });
  });

  test("too many tags, and tags that are none, are refused, and nothing is stored", async () => {
    const { digest, bytes, mediaType } = manifest("too many tags");
    const send = { headers: { "Content-Type": mediaType }, body: bytes };
    const many = Array.from({ length: 101 }, (_, at) => `tag=${at}`).join("&");
    const target = `PUT /v2/push/refused/manifests/${digest}`;
    await expectAnswer(host, `${target}?${many}`, { send, status: 400, code: "PARAMETER_INVALID" });
    await expectAnswer(host, `${target}?tag=ok&tag=.no`, { send, status: 400, code: "TAG_INVALID" });
    await expectAnswer(host, `${target}?tag=`, { send, status: 400, code: "TAG_INVALID" });
    await expectAnswer(host, `GET /v2/push/refused/manifests/${digest}`, {
      status: 404,
      code: "NAME_UNKNOWN",
    });
  });

  test("a push by tag has its tag in the path, and tag= means nothing there", async () => {
    const { bytes, mediaType } = manifest("by tag");
    await expectAnswer(host, "PUT /v2/push/by-tag/manifests/a?tag=b", {
      send: { headers: { "Content-Type": mediaType }, body: bytes },
      status: 201,
      headers: { "oci-tag": undefined },
    });
    await expectAnswer(host, "GET /v2/push/by-tag/tags/list", {
      status: 200,
      json: { name: "push/by-tag", tags: ["a"] },
    });
  });

  test("bytes that have another digest than the path are refused, and nothing is stored", async () => {
    const { mediaType, digest } = manifest("meant");
    const { bytes, digest: actual } = manifest("sent");
    const answer = await expectAnswer(host, `PUT /v2/push/other/manifests/${digest}`, {
      send: { headers: { "Content-Type": mediaType }, body: bytes },
      status: 400,
      code: "DIGEST_INVALID",
    });
    assert.ok(answer.bytes.includes(actual) && answer.bytes.includes(digest), "the message names both");
    await expectAnswer(host, "GET /v2/push/other/tags/list", { status: 404, code: "NAME_UNKNOWN" });
  });

  test("a body that claims to be compressed is taken for what it is", async () => {
    await expectAnswer(host, "PUT /v2/push/gzip/manifests/v1", {
      send: {
        headers: { "Content-Type": MEDIA_TYPES.ociManifest, "Content-Encoding": "gzip" },
        body: gzipSync(manifest("gzip").bytes),
      },
      status: 400,
      code: "MANIFEST_INVALID",
    });
  });

  test("missing blobs are accepted, or refused by name where the registry is told to", async () => {
    const missing = blobOf("not here");
    const image = manifestOf({ layers: [descriptorOf(missing)] });
    await pushManifest(host, "push/sparse:v1", image);
    await using strict = await TestRegistry.open({ missingBlobs: "refuse" });
    const { bytes } = await expectAnswer(strict.host, "PUT /v2/push/sparse/manifests/v1", {
      send: { headers: { "Content-Type": image.mediaType }, body: image.bytes },
      status: 404,
      code: "MANIFEST_BLOB_UNKNOWN",
    });
    assert.ok(bytes.includes(missing.digest));
  });
});
