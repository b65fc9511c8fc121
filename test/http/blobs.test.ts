import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";
import { SMALL_BLOB_BYTES_MAX } from "../../src/registry/blobs.ts";
import { type Artifact, blobOf, pushBlob, startUpload } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const blob = blobOf("0123456789abcdefghij");
const target = `/v2/pull/app/blobs/${blob.digest}`;
await pushBlob(host, "pull/app", blob);

describe("pulling blobs", () => {
  test("R32: GET and HEAD have length, type, digest and Accept-Ranges", async () => {
    const headers = {
      "content-length": blob.bytes.byteLength,
      "content-type": "application/octet-stream",
      "docker-content-digest": blob.digest,
      etag: `"${blob.digest}"`,
      "accept-ranges": "bytes",
    };
    await expectAnswer(host, `GET ${target}`, { status: 200, headers, bytes: blob.bytes });
    await expectAnswer(host, `HEAD ${target}`, { status: 200, headers, bytes: "" });
  });

  test("R32: one range of bytes is 206 with the exact Content-Range", async () => {
    for (const [range, first, last] of [
      ["bytes=0-", 0, 19],
      ["bytes=0-0", 0, 0],
      ["bytes=5-9", 5, 9],
      ["bytes=19-19", 19, 19],
      ["bytes=7-", 7, 19],
      ["bytes=-3", 17, 19],
      ["bytes=-999", 0, 19],
      ["bytes=10-99999999999999999999", 10, 19],
      ["Bytes=1-2", 1, 2],
    ] as const) {
      await expectAnswer(host, `GET ${target}`, {
        send: { headers: { Range: range } },
        status: 206,
        headers: {
          "content-range": `bytes ${first}-${last}/20`,
          "content-length": last - first + 1,
          "docker-content-digest": blob.digest,
        },
        bytes: blob.bytes.subarray(first, last + 1),
      });
    }
  });

  test("R32: a range beyond the end is 416 with the size", async () => {
    for (const range of ["bytes=20-", "bytes=20-25", "bytes=-0", "bytes=99999999999999999999-"]) {
      await expectAnswer(host, `GET ${target}`, {
        send: { headers: { Range: range } },
        status: 416,
        code: "RANGE_INVALID",
        headers: { "content-range": "bytes */20" },
      });
    }
  });

  test("R32: several ranges, other units and nonsense give the whole blob", async () => {
    for (const range of ["bytes=0-1,4-5", "items=0-1", "bytes=a-b", "bytes=-", "bytes", "", "bytes=1-2-3"]) {
      const headers = { "content-range": undefined };
      const send = { headers: { Range: range } };
      await expectAnswer(host, `GET ${target}`, { send, status: 200, headers, bytes: blob.bytes });
    }
  });

  test("R32: If-Range gives the part of this version, and the whole of any other", async () => {
    const range = { Range: "bytes=2-3" };
    await expectAnswer(host, `GET ${target}`, {
      send: { headers: { ...range, "If-Range": `"${blob.digest}"` } },
      status: 206,
      bytes: "23",
    });
    for (const other of [`W/"${blob.digest}"`, '"x"', "Wed, 21 Oct 2015 07:28:00 GMT"]) {
      const send = { headers: { ...range, "If-Range": other } };
      await expectAnswer(host, `GET ${target}`, { send, status: 200, bytes: blob.bytes });
    }
  });

  test("R32: HEAD does not speak of ranges, and an empty blob has none", async () => {
    const send = { headers: { Range: "bytes=0-" } };
    await expectAnswer(host, `HEAD ${target}`, { send, status: 200, headers: { "content-length": 20 } });
    const empty = blobOf("");
    await pushBlob(host, "pull/app", empty);
    await expectAnswer(host, `GET /v2/pull/app/blobs/${empty.digest}`, { send, status: 200, bytes: "" });
  });

  test("R14: blobs are never compressed (B7.3)", async () => {
    await expectAnswer(host, `GET ${target}`, {
      send: { headers: { "Accept-Encoding": "zstd, gzip, br" } },
      status: 200,
      headers: { "content-encoding": undefined, "content-length": 20 },
      bytes: blob.bytes,
    });
  });

  test("who has the blob gets 304", async () => {
    const send = { headers: { "If-None-Match": `"${blob.digest}"` } };
    await expectAnswer(host, `GET ${target}`, { send, status: 304, bytes: "" });
  });

  test("a blob that the disk has lost is BLOB_UNKNOWN, so that clients push it again", async () => {
    const lost = blobOf("lost".padEnd(5_000));
    await pushBlob(host, "pull/lost", lost);
    assert.ok(await registry.blobs.remove(lost.digest));
    for (const method of ["GET", "HEAD"])
      await expectAnswer(host, `${method} /v2/pull/lost/blobs/${lost.digest}`, { status: 404 });
    await pushBlob(host, "pull/lost", lost);
    await expectAnswer(host, `GET /v2/pull/lost/blobs/${lost.digest}`, { status: 200, bytes: lost.bytes });
  });
});

describe("blobs at and beyond the size up to which the catalog keeps them", () => {
  const sizes = [0, 1, SMALL_BLOB_BYTES_MAX - 1, SMALL_BLOB_BYTES_MAX, SMALL_BLOB_BYTES_MAX + 1, 100_000];
  for (const size of sizes) {
    test(`${size} bytes: are the same by every way to push them, and to any range`, async () => {
      for (const [way, push] of Object.entries(WAYS)) {
        const artifact = blobOf(`${way} `.repeat(size).slice(0, size));
        const repository = `size/${size}/${way}`;
        await push(repository, artifact);
        await expectWhole(repository, artifact);
        assert.equal(
          (await registry.blobs.size(artifact.digest)) !== undefined,
          size > SMALL_BLOB_BYTES_MAX,
          way,
        );
        const mount = `POST /v2/${repository}/copy/blobs/uploads/?mount=${artifact.digest}&from=${repository}`;
        await expectAnswer(host, mount, { status: 201 });
        await expectAnswer(host, `DELETE /v2/${repository}/blobs/${artifact.digest}`, { status: 202 });
        await expectWhole(`${repository}/copy`, artifact);
        for await (const { id } of registry.blobs.listUploads()) assert.fail(`${way} left ${id}`);
      }
    });
  }

  async function expectWhole(repository: string, { bytes, digest }: Artifact): Promise<void> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const headers = { "content-length": bytes.byteLength };
    await expectAnswer(host, `HEAD ${path}`, { status: 200, headers, bytes: "" });
    await expectAnswer(host, `GET ${path}`, { status: 200, headers, bytes });
    if (bytes.byteLength < 2) return;
    const send = { headers: { Range: "bytes=1-" } };
    await expectAnswer(host, `GET ${path}`, { send, status: 206, bytes: bytes.subarray(1) });
  }
});

/** How clients push a blob: in one request, in two, streamed, and with its last piece in the request that ends it. */
const WAYS: Readonly<Record<string, (repository: string, artifact: Artifact) => Promise<unknown>>> = {
  one: (repository, artifact) => pushBlob(host, repository, artifact),
  two: async (repository, { bytes, digest }) =>
    expectAnswer(host, `PUT ${await startUpload(host, repository)}?digest=${digest}`, {
      send: { body: bytes },
      status: 201,
    }),
  streamed: async (repository, { bytes, digest }) => {
    const location = await startUpload(host, repository);
    await expectAnswer(host, `PATCH ${location}`, { send: { body: Readable.from([bytes]) }, status: 202 });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
  },
  pieces: async (repository, { bytes, digest }) => {
    const location = await startUpload(host, repository);
    const half = bytes.byteLength >> 1;
    await expectAnswer(host, `PATCH ${location}`, { send: { body: bytes.subarray(0, half) }, status: 202 });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, {
      send: { body: bytes.subarray(half) },
      status: 201,
    });
  },
};

describe("deleting blobs", () => {
  test("R34: a blob goes from its repository alone, and what is not there is 404", async () => {
    const shared = blobOf("shared");
    for (const repository of ["delete/one", "delete/two"]) await pushBlob(host, repository, shared);
    await expectAnswer(host, `DELETE /v2/delete/one/blobs/${shared.digest}`, { status: 202 });
    await expectAnswer(host, `GET /v2/delete/one/blobs/${shared.digest}`, {
      status: 404,
      code: "BLOB_UNKNOWN",
    });
    await expectAnswer(host, `DELETE /v2/delete/one/blobs/${shared.digest}`, {
      status: 404,
      code: "BLOB_UNKNOWN",
    });
    await expectAnswer(host, `GET /v2/delete/two/blobs/${shared.digest}`, {
      status: 200,
      bytes: shared.bytes,
    });
  });
});

describe("mounting blobs", () => {
  const query = `mount=${blob.digest}`;

  test("R29: a blob of another repository is mounted with 201, and is there at once", async () => {
    await expectAnswer(host, `POST /v2/mount/named/blobs/uploads/?${query}&from=pull/app`, {
      status: 201,
      headers: { location: `/v2/mount/named/blobs/${blob.digest}`, "docker-content-digest": blob.digest },
    });
    await expectAnswer(host, `GET /v2/mount/named/blobs/${blob.digest}`, { status: 200, bytes: blob.bytes });
  });

  test("R29: the query may be escaped or not, and the blob is found without from", async () => {
    const escaped = `mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent("pull/app")}`;
    await expectAnswer(host, `POST /v2/mount/escaped/blobs/uploads/?${escaped}`, { status: 201 });
    await expectAnswer(host, `POST /v2/mount/slashless/blobs/uploads?from=pull/app&${query}`, {
      status: 201,
    });
    await expectAnswer(host, `POST /v2/mount/anonymous/blobs/uploads/?${query}`, { status: 201 });
    await expectAnswer(host, `POST /v2/mount/emptied/blobs/uploads/?${query}&from=`, { status: 201 });
  });

  test("R29: what cannot be mounted becomes an upload that works", async () => {
    const other = blobOf("of no repository yet");
    for (const refused of [
      `mount=${other.digest}&from=pull/app`,
      `mount=${other.digest}`,
      `${query}&from=mount/nowhere`,
      `${query}&from=Not/A%20Name`,
      `mount=md5:0123&from=pull/app`,
    ]) {
      const { headers } = await expectAnswer(host, `POST /v2/mount/through/blobs/uploads/?${refused}`, {
        status: 202,
        headers: { range: "0-0" },
      });
      await expectAnswer(host, `PUT ${headers.location ?? ""}?digest=${other.digest}`, {
        send: { body: other.bytes },
        status: 201,
      });
      await expectAnswer(host, `DELETE /v2/mount/through/blobs/${other.digest}`, { status: 202 });
    }
  });

  test("a mount makes no repository: that takes a manifest", async () => {
    await expectAnswer(host, `POST /v2/mount/alone/blobs/uploads/?${query}&from=pull/app`, { status: 201 });
    await expectAnswer(host, "GET /v2/mount/alone/tags/list", { status: 404, code: "NAME_UNKNOWN" });
    await expectAnswer(host, "GET /v2/_catalog", { status: 200, json: { repositories: [] } });
  });
});
