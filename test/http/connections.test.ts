import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readlink } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";
import type { BlobContent } from "../../src/blobs/blobs.ts";
import type { RequestEntry } from "../../src/http/observer.ts";
import { blobOf, manifestOf, pushBlob, pushManifest, startUpload } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, failureCode, send, sendRaw, type Received } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const MIB = 1024 * 1024;
const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host, port } = registry;

const ping = "GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** The statuses of the answers that came on one connection, in turn. */
function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The last answer on a connection, as {@link failureCode} reads it. */
function lastAnswer(received: string): Received {
  const answer = `HTTP/1.1 ${received.split(/HTTP\/1\.1 (?=\d{3})/).at(-1)}`;
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const pairs = fields
    .map((field) => field.split(": "))
    .map(([name = "", value]) => [name.toLowerCase(), value]);
  const headers = Object.fromEntries(pairs) as Received["headers"];
  assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
  return { status: Number(line.split(" ")[1]), headers, rawHeaders: [], bytes: Buffer.from(body) };
}

/** What the observer is told of the first request of a method to a target that begins so. */
const entryOf = (method: string, target: string): Promise<RequestEntry> =>
  waitFor(`the end of ${method} ${target}`, () =>
    registry.entries.find((entry) => entry.method === method && entry.path.startsWith(target)),
  );

async function open(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket.on("error", () => {});
}

describe("answers to requests whose body is not wanted (B7.14)", () => {
  for (const [why, head, body] of [
    ["is refused unread", "PATCH /v2/a/blobs/uploads/none", Buffer.alloc(6 * MIB)],
    ["is refused half-way", "PUT /v2/a/manifests/v1", Buffer.alloc(6 * MIB)],
    ["is not asked for", "GET /v2/a/manifests/v1", Buffer.alloc(6 * MIB)],
  ] as const) {
    test(`one that ${why} is answered, and the connection takes the next request`, async () => {
      const length = `Content-Length: ${body.byteLength}`;
      const request = Buffer.from(`${head} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
      const received = await sendRaw(host, Buffer.concat([request, body, Buffer.from(ping)]), { end: false });
      const [first = 0, ...rest] = statuses(received);
      assert.ok(first === 404 || first === 413, String(first));
      assert.deepEqual(rest, [200]);
    });
  }

  test("one of unknown length that grows too large is answered, and the connection takes the next request", async () => {
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(MIB), Buffer.from("\r\n")]);
    const received = await sendRaw(
      host,
      Buffer.concat([
        Buffer.from("PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ...Array.from({ length: 6 }, () => chunk),
        Buffer.from(`0\r\n\r\n${ping}`),
      ]),
      { end: false },
    );
    assert.deepEqual(statuses(received), [413, 200]);
  });

  test("a connection that ends with the answer is not reset while its client is still sending", async () => {
    const socket = await open();
    const head = "PATCH /v2/ending/app/blobs/uploads/none HTTP/1.1\r\nHost: x\r\nConnection: close";
    socket.write(`${head}\r\nContent-Length: ${8 * MIB}\r\n\r\n`);
    await entryOf("PATCH", "/v2/ending/app/");
    const failures: unknown[] = [];
    socket.on("error", (error) => failures.push(error));
    for (let at = 0; at < 8; at++) {
      const written = new Promise((resolve) => void socket.write(Buffer.alloc(MIB), resolve));
      await written;
    }
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.deepEqual(statuses(answer.toString()), [404]);
    assert.deepEqual(failures, []);
    socket.destroy();
  });

  test("a client that goes on sending is cut off, and has its answer", async () => {
    const socket = await open();
    let received = "";
    socket.on("data", (data) => (received += data.toString()));
    const { promise: closed, resolve } = Promise.withResolvers();
    socket.on("close", resolve);
    socket.write(
      `PATCH /v2/a/blobs/uploads/none HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * MIB}\r\n\r\n`,
    );
    const endless = Readable.from(Array.from({ length: 1024 }, () => Buffer.alloc(MIB)));
    endless.pipe(socket);
    await closed;
    endless.destroy();
    assert.deepEqual(statuses(received), [404]);
    assert.ok(socket.bytesWritten < 512 * MIB);
  });

  test("a client that waits for 100 Continue gets it (B7.8)", async () => {
    const { digest, bytes } = blobOf("expected");
    const location = await startUpload(host, "expect/app");
    const socket = await open();
    const length = `Content-Length: ${bytes.byteLength}\r\nExpect: 100-continue`;
    socket.write(`PUT ${location}?digest=${digest} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    const [interim] = (await once(socket, "data")) as [Buffer];
    assert.match(interim.toString(), /^HTTP\/1\.1 100 Continue\r\n/);
    socket.write(bytes);
    const [final] = (await once(socket, "data")) as [Buffer];
    assert.match(final.toString(), /^HTTP\/1\.1 201 Created\r\n/);
    socket.destroy();
  });
});

describe("clients that leave", () => {
  test("in the middle of an upload: noted as 499, what arrived stays, and the upload goes on", async () => {
    const { digest, bytes } = blobOf("x".repeat(3 * MIB));
    const location = await startUpload(host, "leave/up");
    const socket = await open();
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`);
    socket.write(bytes.subarray(0, 2 * MIB), () => socket.destroy());
    const entry = await entryOf("PATCH", location);
    assert.deepEqual([entry.status, entry.error], [499, undefined]);
    const { headers } = await expectAnswer(host, `GET ${location}`, { status: 204 });
    const [, last] = String(headers["range"]).split("-");
    const size = last === "0" ? 0 : Number(last) + 1;
    await expectAnswer(host, `PATCH ${location}`, {
      send: {
        headers: { "Content-Range": `${size}-${bytes.byteLength - 1}` },
        body: bytes.subarray(size),
      },
      status: 202,
    });
    await expectAnswer(host, `PUT ${location}?digest=${digest}`, { status: 201 });
  });

  test("in the middle of a single POST: nothing of it stays", async () => {
    const before = await registry.uploads();
    const socket = await open();
    const { digest } = blobOf("y".repeat(MIB));
    const head = `POST /v2/leave/post/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: x`;
    socket.write(`${head}\r\nContent-Length: ${MIB}\r\n\r\n`);
    socket.write("y".repeat(1000));
    await waitFor("the upload to begin", async () => (await registry.uploads()) > before);
    socket.destroy();
    await waitFor("the upload to be gone", async () => (await registry.uploads()) === before);
  });

  test("in the middle of a manifest: noted as 499, and nothing is pushed", async () => {
    const socket = await open();
    socket.write("PUT /v2/leave/manifest/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
    socket.end();
    const entry = await entryOf("PUT", "/v2/leave/manifest/");
    assert.deepEqual([entry.status, entry.error], [499, undefined]);
    await expectAnswer(host, "GET /v2/leave/manifest/tags/list", { status: 404 });
  });

  test("in the middle of a download: noted as 499, and the file is closed", async () => {
    const blob = blobOf("z".repeat(16 * MIB));
    await pushBlob(host, "leave/down", blob);
    const socket = await open();
    socket.write(`GET /v2/leave/down/blobs/${blob.digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, "data");
    socket.destroy();
    const entry = await entryOf("GET", "/v2/leave/down/");
    assert.deepEqual([entry.status, entry.error], [499, undefined]);
    const isOpen = async (): Promise<boolean> => {
      const links = (await readdir("/proc/self/fd")).map((fd) =>
        readlink(`/proc/self/fd/${fd}`).catch(() => ""),
      );
      return (await Promise.all(links)).some((link) => link.endsWith(blob.digest.slice("sha256:".length)));
    };
    if (process.platform === "linux") await waitFor("the file to be closed", async () => !(await isOpen()));
  });
});

/** Of a blob that is stored as a file. */
const BROKEN_BYTES = 5_000;

describe("blobs that fail on the way", () => {
  for (const [how, chunks, message] of [
    ["cannot be read on", failing, /^EIO/],
    ["end too soon", shortened, /ended after 4 of 5000 bytes/],
  ] as const) {
    test(`those that ${how} break the connection off, and the log has the cause`, async () => {
      const blob = blobOf("some bytes more".padEnd(BROKEN_BYTES));
      await using broken = await TestRegistry.open({
        blobs: (onDisk) =>
          new Proxy(onDisk, {
            get(target, name) {
              if (name === "read") return async () => contentOf(chunks());
              const member: unknown = Reflect.get(target, name);
              return typeof member === "function" ? member.bind(target) : member;
            },
          }),
      });
      await pushBlob(broken.host, "app", blob);
      await assert.rejects(send(broken.host, `GET /v2/app/blobs/${blob.digest}`));
      const entry = await waitFor("the entry", () => broken.entries.find(({ method }) => method === "GET"));
      assert.equal(entry.status, 500);
      assert.match((entry.error as Error).message, message);
    });
  }
});

function contentOf(chunks: AsyncIterable<Uint8Array>): BlobContent {
  return { size: BROKEN_BYTES, chunks, [Symbol.asyncDispose]: async () => {} };
}

async function* shortened(): AsyncGenerator<Buffer> {
  yield Buffer.from("some");
}

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from("some");
  throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
}

describe("bytes that are no request", () => {
  test("R9: they are answered in the form of every failure, and the connection ends", async () => {
    for (const [bytes, status] of [
      ["GARBAGE\r\n\r\n", 400],
      ["GET /v2/ HTTP/9.9\r\n\r\n", 400],
      ["GET /v2/ HTTP/1.1\r\nHost x\r\n\r\n", 400],
      ["GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
      ["GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400],
      ["GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
      [`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
      [`GET /v2/_catalog?${"tag=x&".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
      ["\u0016\u0003\u0001\u0002\u0000\u0001\u0000", 400],
    ] as const) {
      const answer = lastAnswer(await sendRaw(host, bytes, { end: false }));
      assert.equal(answer.status, status, bytes.slice(0, 60));
      assert.equal(failureCode(answer), "REQUEST_INVALID");
    }
  });

  test("a body whose chunks are malformed ends the connection, and the upload can go on", async () => {
    const location = await startUpload(host, "malformed/app");
    const head = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const received = await sendRaw(host, `${head}4\r\ngood\r\nzz\r\nbad\r\n`, { end: false });
    assert.deepEqual(statuses(received), [400]);
    await entryOf("PATCH", location);
    await expectAnswer(host, `PATCH ${location}`, { send: { body: "!" }, status: 202 });
  });

  test("requests sent one after the other without waiting are answered in turn", async () => {
    await pushManifest(host, "pipeline/app:v1", manifestOf());
    const lines = Array.from({ length: 100 }, (_, at) => `/v2/pipeline/app/manifests/v${at % 2}`);
    const requests = lines.map((path) => `HEAD ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
    const received = await sendRaw(host, requests + ping, { end: false });
    assert.deepEqual(statuses(received), [...lines.map((path) => (path.endsWith("1") ? 200 : 404)), 200]);
  });

  test("the whole URL in the request line is understood, as proxies send it", async () => {
    const received = await sendRaw(
      host,
      "GET http://registry.test/v2/?x HTTP/1.1\r\nHost: registry.test\r\n\r\n",
    );
    assert.deepEqual(statuses(received), [200]);
  });

  test("no answer is a redirect, not even of a POST without the slash (B7.7, B7.15)", async () => {
    await expectAnswer(host, "POST /v2/redirect/app/blobs/uploads", {
      send: { headers: { Host: "evil.example" } },
      status: 202,
      headers: { location: /^\/v2\/redirect\/app\/blobs\/uploads\// },
    });
  });
});
