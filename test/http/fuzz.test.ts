import assert from "node:assert/strict";
import fc from "fast-check";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { after, describe, test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { blobOf, manifestOf, pushBlob, pushManifest, startUpload } from "../support/artifact.ts";
import { expectAnswer, send, sendRaw } from "../support/exchange.ts";
import { answersIn, assertCivil, bytesOf, hostileRequest } from "../support/hostile.ts";
import { RegistryProcess } from "../support/registry-process.ts";
import { runs } from "../support/runs.ts";

const MIB = 1024 * 1024;
/** Give it to repeat a run; failures print it as well. */
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** A run that is slower than this, because others use the machine, tries less. */
const SECTION_MS_MAX = 6_000;
/** What memory may grow by when the same load comes again: a leak of 20 KiB a request would be more. */
const GROWTH_BYTES_MAX = 64 * MIB;

// A process of its own: when it is disposed of, it must end with 0 and must not have logged a failure of ours.
const registry = await RegistryProcess.start();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

await pushBlob(host, "fuzz/app", blobOf("exists"));
for (const repository of ["fuzz/app", "still/app"])
  await pushManifest(host, `${repository}:v1`, manifestOf());

const bounds = { seed: SEED, interruptAfterTimeLimit: SECTION_MS_MAX, markInterruptAsFailure: false };

async function open(): Promise<Socket> {
  const [hostname = "", port] = host.split(":");
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, "connect");
  return socket.on("error", () => {});
}

/** Sends one request that may be anything and holds all answers to what every answer must be. */
async function assertAnswered(bytes: Buffer, options: { isHead?: boolean; about: string }): Promise<void> {
  const isHead = options.isHead ?? false;
  const answers = answersIn(await sendRaw(host, bytes, { end: false }), isHead);
  assert.ok(answers.length > 0, `no answer to ${options.about}`);
  for (const answer of answers) assertCivil(answer, { isHead, about: options.about });
}

async function residentBytes(): Promise<number> {
  const { bytes } = await expectAnswer(host, "GET /metrics", { status: 200 });
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(bytes.toString())?.[1]);
}

describe("whatever clients send", { concurrency: false }, () => {
  test("hostile requests get a 4xx in the form of failures, or what they ask for", async (t: TestContext) => {
    t.diagnostic(`FUZZ_SEED=${SEED}`);
    await fc.assert(
      fc.asyncProperty(hostileRequest, async (request) => {
        const bytes = bytesOf(request);
        const about = JSON.stringify(bytes.toString("latin1").slice(0, 400));
        await assertAnswered(bytes, { isHead: request.method === "HEAD", about });
      }),
      { ...bounds, numRuns: runs(4_000) },
    );
  });

  test("an upload takes any sequence of requests, and the registry any blob afterwards", async () => {
    const { digest, bytes } = blobOf("the bytes of an upload");
    const range = fc.oneof(
      fc.tuple(fc.nat(30), fc.nat(30)).map(([first, last]) => `${first}-${last}`),
      fc.constantFrom("0-", "-5", "bytes=0-1", "0-99999999999999999999", ""),
    );
    const step = fc.record({
      method: fc.constantFrom("PATCH", "PATCH", "PUT", "GET", "DELETE"),
      headers: fc.array(
        range.map((value) => `Content-Range: ${value}`),
        { maxLength: 1 },
      ),
      body: fc.constantFrom(bytes, bytes.subarray(0, 7), bytes.subarray(7), Buffer.alloc(0)),
      query: fc.constantFrom(
        "",
        `?digest=${digest}`,
        `?digest=${blobOf("others").digest}`,
        "?digest=sha512:0",
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const location = await startUpload(host, "fuzz/upload");
        for (const { query, ...rest } of steps) {
          const request = { ...rest, target: location + query };
          await assertAnswered(bytesOf(request), { about: JSON.stringify(rest) });
        }
      }),
      { ...bounds, numRuns: runs(150) },
    );
    await pushBlob(host, "fuzz/upload", blobOf("afterwards"));
  });

  test("random bytes get a 4xx, or nothing but the end of the connection", async () => {
    const junk = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 200, unit: "binary" }));
    await fc.assert(
      fc.asyncProperty(junk, async (bytes) => {
        const received = await sendRaw(host, bytes);
        for (const answer of answersIn(received, false))
          assertCivil(answer, { isHead: false, about: received });
      }),
      { ...bounds, numRuns: runs(200) },
    );
  });

  test("connections that break off, after any byte of a request, cost nobody anything", async () => {
    const location = await startUpload(host, "fuzz/app");
    const { digest, bytes } = blobOf("never arrives in full");
    const requests = [
      bytesOf({ method: "PATCH", target: location, headers: [], body: bytes }),
      bytesOf({ method: "PUT", target: `${location}?digest=${digest}`, headers: [], body: bytes }),
      bytesOf({ method: "PUT", target: "/v2/fuzz/app/manifests/cut", headers: [], body: manifestOf().bytes }),
      bytesOf({
        method: "GET",
        target: `/v2/fuzz/app/blobs/${blobOf("exists").digest}`,
        headers: [],
        body: bytes,
      }),
    ];
    const cut = fc.tuple(
      fc.constantFrom(...requests),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(cut, async ([request, part, isHalfClosed]) => {
        const begun = request.subarray(0, Math.floor(request.byteLength * part));
        const socket = await open();
        socket.resume();
        const closed = new Promise((resolve) => void socket.on("close", resolve));
        if (isHalfClosed) socket.end(begun);
        else socket.write(begun, () => socket.destroy());
        await closed;
      }),
      { ...bounds, numRuns: runs(200) },
    );
    await expectAnswer(host, "GET /v2/fuzz/app/manifests/cut", { status: 404 });
  });

  test("lengths that are not true, and bodies that are not what they are called, are told apart", async () => {
    const bomb = gzipSync(Buffer.alloc(32 * MIB));
    const target = "/v2/fuzz/app/manifests/bomb";
    const types = [
      "application/gzip",
      "application/json",
      "application/vnd.oci.image.index.v1+json",
      "text/html",
    ];
    for (const type of types) {
      for (const encoding of ["Content-Encoding: gzip", "Content-Encoding: br, zstd", "X-Nothing: x"]) {
        const request = { method: "PUT", target, headers: [`Content-Type: ${type}`, encoding], body: bomb };
        await assertAnswered(bytesOf(request), { about: `a bomb as ${type}, ${encoding}` });
      }
    }
    const chunked =
      "POST /v2/fuzz/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    await assertAnswered(Buffer.from(`${chunked}zz\r\n`), { about: "a chunk of no size" });
    const short = "PUT /v2/fuzz/app/manifests/short HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{}}}}}";
    await assertAnswered(Buffer.from(short), { about: "more than Content-Length" });
    const smuggled =
      "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    await assertAnswered(Buffer.from(smuggled), { about: "two lengths" });
  });

  test("requests for 100,000 tags, and headers without end, are refused", async () => {
    const tags = Array.from({ length: 100_000 }, (_, at) => `tag=t${at}`).join("&");
    const { digest, bytes } = manifestOf();
    const target = `/v2/fuzz/app/manifests/${digest}?${tags}`;
    await assertAnswered(bytesOf({ method: "PUT", target, headers: [], body: bytes }), {
      about: "100,000 tags",
    });
    const fitting = `/v2/fuzz/app/manifests/${digest}?${tags.slice(0, 10_000)}`;
    await assertAnswered(bytesOf({ method: "PUT", target: fitting, headers: [], body: bytes }), {
      about: "1,000 tags",
    });
    const headers = Array.from({ length: 50_000 }, (_, at) => `X-${at}: ${at}`);
    await assertAnswered(bytesOf({ method: "GET", target: "/v2/", headers, body: Buffer.alloc(0) }), {
      about: "50,000 headers",
    });
    const many = Array.from({ length: 1_500 }, (_, at) => `X${at}:`);
    await assertAnswered(bytesOf({ method: "GET", target: "/v2/", headers: many, body: Buffer.alloc(0) }), {
      about: "1,500 headers",
    });
  });

  test("slow and silent connections do not keep others waiting", async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, open));
    for (const [at, socket] of sockets.entries()) {
      const request = "PUT /v2/fuzz/app/manifests/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{";
      socket.write(request.slice(0, at % request.length));
    }
    await expectAnswer(host, "GET /v2/still/app/manifests/v1", { status: 200 });
    for (const socket of sockets) socket.destroy();
  });
});

describe("however often clients send it", { concurrency: false }, () => {
  test("memory does not grow with the number of requests", async (t: TestContext) => {
    await load();
    const before = await residentBytes();
    await load();
    const grown = (await residentBytes()) - before;
    t.diagnostic(
      `resident memory: ${Math.round(before / MIB)} MiB, then ${Math.round(grown / MIB)} MiB more`,
    );
    assert.ok(grown < GROWTH_BYTES_MAX, `it grew by ${grown} bytes`);
    await expectAnswer(host, "GET /v2/", { status: 200 });
  });
});

/** About 3,000 requests of the kinds that hold something for a while. */
async function load(): Promise<void> {
  await Promise.all([pipeline(), idleUploads(), brokenUploads(), largeManifests()]);
}

/** Sends 1,000 requests at once and reads none of the answers until all are sent. */
async function pipeline(): Promise<void> {
  const socket = await open();
  const request = "GET /v2/still/app/tags/list HTTP/1.1\r\nHost: x\r\n\r\n";
  const last = "GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const written = new Promise((resolve) => void socket.write(request.repeat(1_000) + last, resolve));
  await written;
  const closed = new Promise((resolve) => void socket.on("close", resolve));
  let received = "";
  socket.on("data", (data) => (received += data.toString("latin1")));
  await closed;
  assert.equal(answersIn(received, false).filter(({ status }) => status === 200).length, 1_001);
}

/** Starts 1,000 uploads and leaves them. */
async function idleUploads(): Promise<void> {
  for (let at = 0; at < 1_000; at += 50)
    await Promise.all(Array.from({ length: 50 }, () => startUpload(host, "fuzz/idle")));
}

/** Leaves 200 uploads in the middle of their bytes. */
async function brokenUploads(): Promise<void> {
  for (let at = 0; at < 200; at++) {
    const location = await startUpload(host, "fuzz/broken");
    const socket = await open();
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
    const written = new Promise((resolve) => void socket.write(Buffer.alloc(MIB / 4), resolve));
    await written;
    socket.destroy();
  }
}

/** Sends 50 manifests of 5 MiB, half of them without saying so beforehand. */
async function largeManifests(): Promise<void> {
  const body = Buffer.alloc(5 * MIB, 0x20);
  for (let at = 0; at < 50; at++) {
    const sent = at % 2 === 0 ? body : Readable.from(Array.from({ length: 5 }, () => body.subarray(0, MIB)));
    const { status } = await send(host, `PUT /v2/fuzz/app/manifests/large${at}`, { body: sent });
    assert.equal(status, 413);
  }
}
