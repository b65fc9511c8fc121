import assert from "node:assert/strict";
import { after, test } from "node:test";
import { blobOf, startUpload } from "../support/artifact.ts";
import { sendRaw } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

// curl -X POST sends no Content-Length; Node makes no stream of a body for such a request.
test("a request that says nothing of a body has none, wherever there may be one", async () => {
  const { digest } = blobOf("");
  const upload = await startUpload(host, "bodyless/app");
  const finished = await startUpload(host, "bodyless/app");
  const answers = {
    "POST /v2/bodyless/app/blobs/uploads/": 202,
    [`POST /v2/bodyless/app/blobs/uploads/?digest=${digest}`]: 201,
    [`PATCH ${upload}`]: 202,
    [`PUT ${upload}?digest=${digest}`]: 201,
    [`PUT ${finished}?digest=${digest}`]: 201,
    "PUT /v2/bodyless/app/manifests/v1": 400,
    "POST /v2/_supercargo/token": 404,
    "DELETE /v2/bodyless/app/blobs/uploads/none": 404,
  };
  for (const [line, status] of Object.entries(answers)) {
    const head = `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(host, head, { end: false });
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${line} → ${answer}`);
  }
});
