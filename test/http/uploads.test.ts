import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PassThrough, Readable } from "node:stream";
import { digestOf } from "../../src/oci/digest.ts";
import { blobOf, pushManifest, manifestOf, startUpload } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const OCTETS = { "Content-Type": "application/octet-stream" };

describe("starting an upload", () => {
  test("R25: 202 with Location, Range and Docker-Upload-UUID, whatever type an empty body claims to be", async () => {
    for (const type of [undefined, "application/json", "application/octet-stream", "nonsense"]) {
      await expectAnswer(host, "POST /v2/start/app/blobs/uploads/", {
        send: { headers: { "Content-Length": "0", ...(type !== undefined && { "Content-Type": type }) } },
        status: 202,
        headers: {
          location: /^\/v2\/start\/app\/blobs\/uploads\/[0-9a-f-]{36}$/,
          range: "0-0",
          "docker-upload-uuid": /^[0-9a-f-]{36}$/,
          "content-length": "0",
        },
      });
    }
  });

  test("R26: the location is path-absolute, and goes on with parameters added to it", async () => {
    const location = await startUpload(host, "start/location");
    assert.match(location, /^\/v2\//);
    const { digest, bytes } = blobOf("with parameters");
    await expectAnswer(host, `PUT ${location}?_state=x%3D&digest=${encodeURIComponent(digest)}`, {
      send: { headers: OCTETS, body: bytes },
      status: 201,
      headers: { location: `/v2/start/location/blobs/${digest}`, "docker-content-digest": digest },
    });
  });

  test("R25: one POST with digest= and the bytes is 201 (end-4b)", async () => {
    const { digest, bytes } = blobOf("a single POST");
    await expectAnswer(host, `POST /v2/start/single/blobs/uploads/?digest=${digest}`, {
      send: { headers: OCTETS, body: bytes },
      status: 201,
      headers: { location: `/v2/start/single/blobs/${digest}` },
    });
    await expectAnswer(host, `GET /v2/start/single/blobs/${digest}`, { status: 200, bytes });
  });

  test("a single POST with other bytes is DIGEST_INVALID, and leaves no upload behind", async () => {
    const { digest } = blobOf("the bytes meant");
    const before = await registry.uploads();
    await expectAnswer(host, `POST /v2/start/single/blobs/uploads/?digest=${digest}`, {
      send: { body: "other bytes" },
      status: 400,
      code: "DIGEST_INVALID",
    });
    await expectAnswer(host, `HEAD /v2/start/single/blobs/${digest}`, { status: 404 });
    assert.equal(await registry.uploads(), before);
  });

  test("digest-algorithm=sha512 and digests of sha512 are taken; unknown algorithms are DIGEST_INVALID", async () => {
    const { bytes } = blobOf("long digests");
    const digest = digestOf(bytes, "sha512");
    const location = await startUpload(host, "start/long", "?digest-algorithm=sha512");
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { send: { body: bytes }, status: 201 });
    await expectAnswer(host, `GET /v2/start/long/blobs/${digest}`, { status: 200, bytes });
    await expectAnswer(host, `HEAD /v2/start/long/blobs/${digestOf(bytes)}`, { status: 404 });
    const target = "POST /v2/start/long/blobs/uploads/";
    for (const query of ["digest-algorithm=md5", `digest=md5:${"0".repeat(32)}`, "digest=sha256:0"])
      await expectAnswer(host, `${target}?${query}`, { status: 400, code: "DIGEST_INVALID" });
  });

  test("an upload may end with another algorithm than it began with", async () => {
    const { bytes } = blobOf("a change of mind");
    const location = await startUpload(host, "start/change");
    const digest = digestOf(bytes, "sha512");
    await expectAnswer(host, `PATCH ${location}`, { send: { body: bytes }, status: 202 });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
  });
});

describe("sending the bytes", () => {
  test("R27: a streamed PATCH of unknown length is 202 with Range and Location", async () => {
    const parts = ["one ", "two ", "three"];
    const { digest, bytes } = blobOf(parts.join(""));
    const location = await startUpload(host, "send/stream");
    await expectAnswer(host, `PATCH ${location}`, {
      send: { headers: OCTETS, body: Readable.from(parts) },
      status: 202,
      headers: { location, range: "0-12", "docker-upload-uuid": /./ },
    });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
    await expectAnswer(host, `GET /v2/send/stream/blobs/${digest}`, { status: 200, bytes });
  });

  test("R27: chunks with Content-Range, the last of them in the PUT, make one blob", async () => {
    const { digest, bytes } = blobOf("chunk one, chunk two, the end");
    const location = await startUpload(host, "send/chunks");
    for (const [range, last] of [
      ["0-10", 10],
      ["bytes 11-20", 20],
    ] as const) {
      const [first = 0] = /\d+/.exec(range)?.map(Number) ?? [];
      await expectAnswer(host, `PATCH ${location}`, {
        send: { headers: { ...OCTETS, "Content-Range": range }, body: bytes.subarray(first, last + 1) },
        status: 202,
        headers: { location, range: `0-${last}` },
      });
    }
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, {
      send: { headers: { "Content-Range": `21-${bytes.byteLength - 1}` }, body: bytes.subarray(21) },
      status: 201,
    });
    await expectAnswer(host, `GET /v2/send/chunks/blobs/${digest}`, { status: 200, bytes });
  });

  test("R27: a chunk out of order is 416 that says where to go on, for PATCH as for PUT, and going on works", async () => {
    const { digest, bytes } = blobOf("0123456789abcdef");
    const location = await startUpload(host, "send/order");
    const chunk = (first: number, last: number): object => ({
      headers: { "Content-Range": `${first}-${last}` },
      body: bytes.subarray(first, last + 1),
    });
    await expectAnswer(host, `PATCH ${location}`, { send: chunk(0, 3), status: 202 });
    const refused = { status: 416, code: "RANGE_INVALID", headers: { location, range: "0-3" } } as const;
    await expectAnswer(host, `PATCH ${location}`, { send: chunk(5, 9), ...refused });
    await expectAnswer(host, `PATCH ${location}`, { send: chunk(0, 3), ...refused });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { send: chunk(8, 15), ...refused });
    await expectAnswer(host, `PATCH ${location}`, {
      send: { headers: { "Content-Range": "x" } },
      ...refused,
    });
    await expectAnswer(host, `PATCH ${location}`, {
      send: chunk(4, 9),
      status: 202,
      headers: { range: "0-9" },
    });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { send: chunk(10, 15), status: 201 });
    await expectAnswer(host, `GET /v2/send/order/blobs/${digest}`, { status: 200, bytes });
  });

  test("a Content-Range that speaks of another length than Content-Length is SIZE_INVALID, and adds nothing", async () => {
    const location = await startUpload(host, "send/lengths");
    await expectAnswer(host, `PATCH ${location}`, {
      send: { headers: { "Content-Range": "0-9" }, body: "three" },
      status: 400,
      code: "SIZE_INVALID",
    });
    await expectAnswer(host, `GET ${location}`, { status: 204, headers: { range: "0-0" } });
  });

  test("R27: a blob of no bytes can be pushed by every way", async () => {
    const { digest } = blobOf("");
    await expectAnswer(host, `POST /v2/send/none1/blobs/uploads/?digest=${digest}`, { status: 201 });
    const chunked = await startUpload(host, "send/none2");
    await expectAnswer(host, `PATCH ${chunked}`, {
      send: { body: Readable.from([]) },
      status: 202,
      headers: { range: "0-0" },
    });
    await expectAnswer(host, `PUT ${chunked}?digest=${digest}`, { status: 201 });
    const whole = await startUpload(host, "send/none3");
    await expectAnswer(host, `PUT ${whole}?digest=${digest}`, { send: { body: "" }, status: 201 });
    for (const repository of ["none1", "none2", "none3"])
      await expectAnswer(host, `GET /v2/send/${repository}/blobs/${digest}`, { status: 200, bytes: "" });
  });

  test("R28: PUT with the whole body is 201, also of unknown length, and HEAD finds the blob at once", async () => {
    const { digest, bytes } = blobOf("all in the PUT");
    for (const [repository, body] of [
      ["send/put1", bytes],
      ["send/put2", Readable.from([bytes])],
    ] as const) {
      const location = await startUpload(host, repository);
      await expectAnswer(host, `PUT ${location}?digest=${digest}`, {
        send: { headers: OCTETS, body },
        status: 201,
      });
      await expectAnswer(host, `HEAD /v2/${repository}/blobs/${digest}`, {
        status: 200,
        headers: {
          "content-length": bytes.byteLength,
          "content-type": "application/octet-stream",
          "docker-content-digest": digest,
        },
      });
      await expectAnswer(host, `GET ${location}`, { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    }
  });

  test("bytes of every content type are taken as they are, compressed or not (B7.4)", async () => {
    const { digest, bytes } = blobOf('{"not": "parsed');
    for (const type of ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
      const location = await startUpload(host, "send/types");
      await expectAnswer(host, `PATCH ${location}`, {
        send: { headers: { "Content-Type": type, "Content-Encoding": "gzip" }, body: bytes },
        status: 202,
      });
      await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
    }
    await expectAnswer(host, `GET /v2/send/types/blobs/${digest}`, { status: 200, bytes });
  });

  test("a wrong digest ends the upload, and a malformed one does not", async () => {
    const { digest, bytes } = blobOf("the bytes sent");
    const location = await startUpload(host, "send/digest");
    await expectAnswer(host, `PATCH ${location}`, { send: { body: bytes }, status: 202 });
    for (const query of ["", "?digest=", "?digest=sha256:beef", "?digest=md5:0123", `?digest=${digest}x`])
      await expectAnswer(host, `PUT ${location}${query}`, { status: 400, code: "DIGEST_INVALID" });
    const other = blobOf("other bytes").digest;
    await expectAnswer(host, `PUT ${location}?digest=${other}`, { status: 400, code: "DIGEST_INVALID" });
    await expectAnswer(host, `GET ${location}`, { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    await expectAnswer(host, `HEAD /v2/send/digest/blobs/${other}`, { status: 404 });
  });
});

describe("between the bytes", () => {
  test("R30: the status is 204 with Range and Location, and cancelling is 204", async () => {
    const location = await startUpload(host, "status/app");
    await expectAnswer(host, `PATCH ${location}`, { send: { body: "12345" }, status: 202 });
    const id = location.slice(location.lastIndexOf("/") + 1);
    await expectAnswer(host, `GET ${location}`, {
      status: 204,
      headers: { location, range: "0-4", "docker-upload-uuid": id, "content-length": undefined },
      bytes: "",
    });
    await expectAnswer(host, `DELETE ${location}`, { status: 204, bytes: "" });
    for (const method of ["GET", "DELETE", "PATCH", `PUT`]) {
      await expectAnswer(host, `${method} ${location}?digest=${blobOf("12345").digest}`, {
        status: 404,
        code: "BLOB_UPLOAD_UNKNOWN",
      });
    }
  });

  test("an upload takes one request at a time: a second one is told so, and the first goes on", async () => {
    const { digest, bytes } = blobOf("slowly arriving");
    const location = await startUpload(host, "status/busy");
    const slow = new PassThrough();
    const first = expectAnswer(host, `PATCH ${location}`, { send: { body: slow }, status: 202 });
    slow.write(bytes.subarray(0, 5));
    await waitFor("the first request to hold the upload", async () => {
      const { status } = await send(host, `PATCH ${location}`, { body: "" });
      return status === 400;
    });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, {
      status: 400,
      code: "BLOB_UPLOAD_INVALID",
    });
    await expectAnswer(host, `DELETE ${location}`, { status: 400, code: "BLOB_UPLOAD_INVALID" });
    slow.end(bytes.subarray(5));
    await first;
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
  });

  test("an upload belongs to its repository, and its id opens nothing in another", async () => {
    const location = await startUpload(host, "status/mine");
    for (const method of ["GET", "DELETE", "PATCH"])
      await expectAnswer(host, `${method} ${location.replace("mine", "yours")}`, {
        status: 404,
        code: "BLOB_UPLOAD_UNKNOWN",
      });
    await expectAnswer(host, `GET ${location}`, { status: 204 });
  });

  test("R30: an upload is where it was after the server started again, and can be finished", async () => {
    await using restarted = await TestRegistry.open();
    const { digest, bytes } = blobOf("before the restart, and after");
    const location = await startUpload(restarted.host, "status/app");
    await expectAnswer(restarted.host, `PATCH ${location}`, {
      send: { body: bytes.subarray(0, 18) },
      status: 202,
    });
    await pushManifest(restarted.host, "status/app:v1", manifestOf());
    await restarted.restart();
    await expectAnswer(restarted.host, `GET ${location}`, { status: 204, headers: { range: "0-17" } });
    await expectAnswer(restarted.host, `PATCH ${location}`, {
      send: { headers: { "Content-Range": `18-${bytes.byteLength - 1}` }, body: bytes.subarray(18) },
      status: 202,
    });
    await expectAnswer(restarted.host, `PUT ${location}?digest=${digest}`, { status: 201 });
    await expectAnswer(restarted.host, `GET /v2/status/app/blobs/${digest}`, { status: 200, bytes });
    await expectAnswer(restarted.host, "HEAD /v2/status/app/manifests/v1", { status: 200 });
  });
});
