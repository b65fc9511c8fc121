import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { RegistryError } from "../../src/errors.ts";
import { ROUTES } from "../../src/http/routes.ts";
import {
  blobOf,
  descriptorOf,
  manifestOf,
  pushBlob,
  pushManifest,
  startUpload,
} from "../support/artifact.ts";
import { expectAnswer, send, type Received } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open({ corsOrigins: ["https://ui.example"] });
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const layer = blobOf("a layer");
const image = manifestOf({ layers: [descriptorOf(layer)] });
const absent = blobOf("never pushed").digest;
await pushBlob(host, "team/app", layer);
await pushManifest(host, "team/app:v1", image);
const upload = await startUpload(host, "team/app");

describe("the surface", () => {
  test("end-1: GET /v2/ is 200 with an empty object", async () => {
    await expectAnswer(host, "GET /v2/", { status: 200, json: {} });
  });

  test("R9: every failure is one error with a code of the closed set, a sentence, and application/json", async () => {
    const failures = [
      ["GET /v2/team/app/manifests/v2", 404, "MANIFEST_UNKNOWN"],
      ["GET /v2/team/nothing/manifests/v1", 404, "NAME_UNKNOWN"],
      ["GET /v2/Team/app/manifests/v1", 400, "NAME_INVALID"],
      ["GET /v2/team/app/manifests/-v1", 400, "TAG_INVALID"],
      ["GET /v2/team/app/manifests/sha256:beef", 400, "DIGEST_INVALID"],
      [`GET /v2/team/app/blobs/${absent}`, 404, "BLOB_UNKNOWN"],
      ["GET /v2/team/app/blobs/uploads/0", 404, "BLOB_UPLOAD_UNKNOWN"],
      ["GET /v2/team/nothing/tags/list", 404, "NAME_UNKNOWN"],
      ["GET /v2/team/app/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"],
      ["GET /v2/_supercargo/events?after=x", 400, "PARAMETER_INVALID"],
      ["GET /v2/_supercargo/events?after=99", 400, "REVISION_UNKNOWN"],
      ["GET /v2/team/app/images/v1", 404, "ROUTE_UNKNOWN"],
      ["GET /", 404, "ROUTE_UNKNOWN"],
      ["POST /v2/team/app/tags/list", 405, "UNSUPPORTED"],
      ["PUT /v2/team/app/manifests/v1", 400, "MANIFEST_INVALID"],
      [`GET /v2/?${"x".repeat(9_000)}`, 400, "REQUEST_INVALID"],
    ] as const;
    for (const [line, status, code] of failures) await expectAnswer(host, line, { status, code });
  });

  test("R9: a failure of our own tells nothing but the request id, by which the log has the cause", async () => {
    const cause = new Error("password of 10.0.0.1");
    await using broken = await TestRegistry.open({ ready: () => Promise.reject(cause) });
    const { headers, bytes } = await expectAnswer(broken.host, "GET /readyz", {
      status: 500,
      code: "UNKNOWN",
    });
    assert.ok(!bytes.includes("password") && bytes.includes(String(headers["x-request-id"])));
    const [entry] = broken.entries;
    assert.equal(entry?.requestId, headers["x-request-id"]);
    assert.equal(entry?.error, cause);
  });

  test("a registry whose catalog is out of reach says when to try again", async () => {
    const cause = new RegistryError("UNAVAILABLE", "The catalog does not answer.");
    await using broken = await TestRegistry.open({ ready: () => Promise.reject(cause) });
    const headers = { "retry-after": /^[1-9][0-9]*$/ };
    await expectAnswer(broken.host, "GET /readyz", { status: 503, code: "UNAVAILABLE", headers });
    assert.equal(broken.entries[0]?.error, cause);
  });

  test("R10: every answer names the API's version, and headers keep their usual case", async () => {
    for (const line of [
      "GET /v2/",
      "GET /v2/team/app/manifests/v1",
      "HEAD /v2/x/manifests/y",
      "OPTIONS /v2/",
    ]) {
      const { rawHeaders } = await send(host, line);
      assert.equal(
        rawHeaders[rawHeaders.indexOf("Docker-Distribution-Api-Version") + 1],
        "registry/2.0",
        line,
      );
    }
    const { rawHeaders } = await send(host, "HEAD /v2/team/app/manifests/v1");
    for (const name of ["Content-Type", "Content-Length", "Docker-Content-Digest", "ETag"])
      assert.ok(rawHeaders.includes(name), name);
  });

  test("R11: unknown and empty parameters are ignored, and slashes at the end do not count", async () => {
    await expectAnswer(host, "GET /v2", { status: 200 });
    await expectAnswer(host, "GET /v2//", { status: 200 });
    await expectAnswer(host, "GET /v2/_catalog/?ns=docker.io&last=&n=", {
      status: 200,
      json: { repositories: ["team/app"] },
    });
    await expectAnswer(host, "GET /v2/team/app/tags/list///?origin=x", { status: 200 });
    await expectAnswer(host, "GET /v2/team/app/manifests/v1/?ns=docker.io", { status: 200 });
    await expectAnswer(host, `HEAD /v2/team/app/blobs/${layer.digest}?ns=docker.io`, { status: 200 });
    await expectAnswer(host, "POST /v2/team/app/blobs/uploads", { status: 202 });
  });

  test("R16: no warnings are sent", async () => {
    for (const line of ["GET /v2/", "GET /v2/_catalog", "GET /v2/team/app/manifests/v1"])
      await expectAnswer(host, line, { status: 200, headers: { warning: undefined } });
  });

  test("R35: who asks too often gets 429 with whole seconds to wait, and bodies of the usual form", async () => {
    await using limited = await TestRegistry.open({ rates: { pull: { calls: 1, seconds: 60 } } });
    const target = "GET /v2/team/app/manifests/v1";
    await expectAnswer(limited.host, target, { status: 404 });
    await expectAnswer(limited.host, target, {
      status: 429,
      code: "TOOMANYREQUESTS",
      headers: { "retry-after": /^[1-9]\d*$/ },
    });
  });

  test("R36: a page of an allowed origin may ask without credentials, and read what it needs", async () => {
    const origin = "https://ui.example";
    await expectAnswer(host, "OPTIONS /v2/team/app/manifests/v1", {
      send: { headers: { origin, "Access-Control-Request-Method": "DELETE" } },
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "HEAD, GET, OPTIONS, DELETE",
        "access-control-allow-headers": "Authorization, Accept, Cache-Control, If-None-Match",
        "content-length": undefined,
      },
    });
    for (const [line, status] of [
      ["GET /v2/_catalog", 200],
      ["GET /v2/nothing/tags/list", 404],
    ] as const) {
      const { headers } = await expectAnswer(host, line, {
        send: { headers: { origin } },
        status,
        headers: { "access-control-allow-origin": origin, vary: "Origin" },
      });
      const exposed = String(headers["access-control-expose-headers"]).split(", ");
      const needed = ["Docker-Content-Digest", "Link", "WWW-Authenticate", "ETag"];
      for (const name of [...needed, "Retry-After", "RateLimit", "RateLimit-Policy"])
        assert.ok(exposed.includes(name), name);
    }
  });

  test("R36: a page of any other origin gets no permission", async () => {
    const headers = { "access-control-allow-origin": undefined };
    await expectAnswer(host, "GET /v2/", {
      send: { headers: { origin: "https://ui.example.evil" } },
      status: 200,
      headers: { ...headers, vary: "Origin" },
    });
    await expectAnswer(host, "GET /v2/", { status: 200, headers });
  });

  test("a method that a path does not have is 405 with those it has", async () => {
    const allow = "GET, HEAD, PUT, DELETE";
    await expectAnswer(host, "PATCH /v2/a/manifests/b", { status: 405, headers: { allow } });
    await expectAnswer(host, "DELETE /v2/", { status: 405, headers: { allow: "GET, HEAD" } });
    await expectAnswer(host, "PROPFIND /v2/_catalog", { status: 405, headers: { allow: "GET, HEAD" } });
  });

  test("HEAD has the headers of GET on every route, Content-Length included, and no body (B7.1)", async () => {
    const targets: Record<string, string> = {
      "<name>": "team/app",
      "<reference>": "v1",
      "<digest>": layer.digest,
      "<id>": upload.slice(upload.lastIndexOf("/") + 1),
    };
    const routes = ROUTES.filter(({ method }) => method === "GET");
    assert.ok(routes.length > 10);
    for (const { path } of routes) {
      const target = path.replaceAll(/<\w+>/g, (placeholder) => targets[placeholder] ?? placeholder);
      for (const url of [target, `${target}-x`]) await assertHeadLikeGet(url);
    }
  });
});

async function assertHeadLikeGet(target: string): Promise<void> {
  const get = await send(host, `GET ${target}`);
  const head = await send(host, `HEAD ${target}`);
  const comparable = ({ headers }: Received): object => ({ ...headers, date: "", "x-request-id": "" });
  assert.equal(head.status, get.status, target);
  assert.deepEqual(comparable(head), comparable(get), target);
  assert.equal(head.bytes.byteLength, 0, target);
  if (get.status !== 204) assert.equal(get.headers["content-length"], String(get.bytes.byteLength), target);
}
