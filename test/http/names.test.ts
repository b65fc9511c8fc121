import { after, describe, test } from "node:test";
import {
  blobOf,
  descriptorOf,
  manifestOf,
  pushBlob,
  pushManifest,
  startUpload,
  type Artifact,
} from "../support/artifact.ts";
import { expectAnswer, sendRaw } from "../support/exchange.ts";
import assert from "node:assert/strict";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

/** Legal names that read like paths of the API, or nearly. */
const CONFUSING = [
  "a/tags/list",
  "blobs",
  "blobs/uploads",
  "manifests",
  "manifests/x",
  "x/referrers/y",
  "tags/list",
  "v2",
  "v2/v2",
  "a/blobs/uploads/b",
  "a/manifests/latest",
  "uploads/0f8fad5b-d9cd-469f-a165-70867728950e",
  "oci/ext/discover",
  "oci/repositories",
  "list",
  "a/list",
  "a/tags",
  "a/manifests",
  "repositories",
  "repositories/list",
  "a/repositories/list",
  "descriptors/list",
  "a/descriptors/list",
  "descriptors/list/descriptors/list",
  "healthz",
  "0",
  "a__b/c.d/e--f",
  `${"a/".repeat(127)}a`,
];

describe("repository names", () => {
  for (const name of CONFUSING) {
    test(`${name.slice(0, 60)} can be pushed to, read, listed and deleted (B7.5)`, () => roundTrip(name));
  }

  test("the longest name and the longest tag fit into every Location and Link", async () => {
    const name = `${"n".repeat(126)}/${"m".repeat(128)}`;
    const [first, second] = ["a", "b"].map((letter) => letter.repeat(128));
    for (const tag of [first, second]) await pushManifest(host, `${name}:${tag}`, manifestOf());
    const { headers } = await expectAnswer(host, `GET /v2/${name}/tags/list?n=1`, { status: 200 });
    const revision = String(headers["supercargo-revision"]);
    assert.equal(headers["link"], `</v2/${name}/tags/list?last=${first}&n=1&at=${revision}>; rel="next"`);
    const [, next = ""] = /^<([^>]+)>/.exec(headers["link"] ?? "") ?? [];
    await expectAnswer(host, `GET ${next}`, { status: 200, json: { name, tags: [second] } });
    await expectAnswer(host, `GET /v2/${name}x/tags/list`, { status: 400, code: "NAME_INVALID" });
  });

  test("those outside the grammar are NAME_INVALID, encoded or not (B7.16)", async () => {
    const { digest } = blobOf("x");
    for (const name of [
      "A",
      "-a",
      "a-",
      "a//b",
      "a/",
      "_a",
      "a/_b",
      "a..b",
      "a___b",
      "..",
      "../a",
      "a/../b",
      "%2e%2e",
      "a%2Fb",
      "a%2fb",
      "%2Fa",
      "a%5Cb",
      "a%00b",
      "%00",
      "a%",
      "a%zz",
      "%c0%ae%c0%ae",
      "%ff",
      "a%20b",
      "a+b",
      "%C3%A4",
      "a;b",
      "a,b",
      "a:b",
      "a@b",
    ]) {
      for (const line of [
        `GET /v2/${name}/tags/list`,
        `GET /v2/${name}/blobs/${digest}`,
        `PUT /v2/${name}/manifests/v1`,
        `POST /v2/${name}/blobs/uploads/`,
        `DELETE /v2/${name}/_supercargo/repository`,
      ]) {
        await expectAnswer(host, line, { status: 400, code: "NAME_INVALID" });
      }
    }
  });

  test("percent encoding of what needs none means the same", async () => {
    await pushManifest(host, "encoded/app:v1", manifestOf());
    await expectAnswer(host, "GET /%76%32/encod%65d/app/manif%65sts/v%31", { status: 200 });
    const { digest } = manifestOf();
    await expectAnswer(host, `GET /v2/encoded/app/manifests/${digest.replace(":", "%3A")}`, { status: 200 });
  });

  test("dots in a path lead nowhere else", async () => {
    for (const path of ["/v2/../v2/", "/v2/./", "/..", "/v2/a/../../healthz", "/%2e%2e/%2e%2e/etc/passwd"]) {
      const received = await sendRaw(host, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.match(received, /^HTTP\/1\.1 404 .*"ROUTE_UNKNOWN"/s, path);
    }
  });
});

async function roundTrip(name: string): Promise<void> {
  const layer = blobOf(`a layer of ${name}`);
  const image = manifestOf({ layers: [descriptorOf(layer)] });
  const referrer = manifestOf({ subject: descriptorOf(image), artifactType: "application/vnd.example.note" });
  await pushInParts(name, layer);
  await pushManifest(host, `${name}:v1`, image);
  await pushManifest(host, `${name}@${referrer.digest}`, referrer);
  await expectAnswer(host, `GET /v2/${name}/manifests/v1`, { status: 200, bytes: image.bytes });
  await expectAnswer(host, `GET /v2/${name}/blobs/${layer.digest}`, { status: 200, bytes: layer.bytes });
  await expectAnswer(host, `GET /v2/${name}/tags/list`, { status: 200, json: { name, tags: ["v1"] } });
  const { bytes } = await expectAnswer(host, `GET /v2/${name}/referrers/${image.digest}`, { status: 200 });
  assert.ok(bytes.includes(referrer.digest));
  await expectAnswer(host, `GET /v2/${name}/_oci/ext/discover`, { status: 200 });
  await assertListed(name, [image.digest, referrer.digest]);
  await expectAnswer(host, `DELETE /v2/${name}/blobs/${layer.digest}`, { status: 202 });
  await expectAnswer(host, `DELETE /v2/${name}/manifests/v1`, { status: 202 });
  await expectAnswer(host, `DELETE /v2/${name}/_supercargo/repository`, { status: 202 });
  await expectAnswer(host, `GET /v2/${name}/tags/list`, { status: 404, code: "NAME_UNKNOWN" });
}

/** Every form of every list knows the repository, and what is in it. */
async function assertListed(name: string, digests: readonly string[]): Promise<void> {
  const get = async (path: string): Promise<string> =>
    (await expectAnswer(host, `GET ${path}`, { status: 200 })).bytes.toString();
  for (const path of ["/v2/_catalog", "/v2/_oci/repositories", `/v2/${name}/_oci/repositories`])
    assert.ok((await get(path)).includes(`"${name}"`), path);
  for (const path of [`/v2/${name}/descriptors/list`, `/v2/${name}/manifests/_list`]) {
    const index = await get(path);
    assert.deepEqual(
      digests.filter((digest) => !index.includes(digest)),
      [],
      path,
    );
  }
  assert.equal(await get(`/v2/${name}/tags/_list`), await get(`/v2/${name}/tags/list`));
  assert.ok((await get(`/v2/${name}/_oci/tag-history/v1`)).includes(digests[0] ?? ""));
  const [, parent = "", child = name] = /^(.*)\/([^/]+)$/.exec(name) ?? [];
  const within = parent === "" ? "/v2" : `/v2/${parent}`;
  assert.ok((await get(`${within}/repositories/list`)).includes(`"${child}"`), within);
}

async function pushInParts(name: string, layer: Artifact): Promise<void> {
  const location = await startUpload(host, name);
  await expectAnswer(host, `PATCH ${location}`, { send: { body: layer.bytes.subarray(0, 3) }, status: 202 });
  await expectAnswer(host, `GET ${location}`, { status: 204, headers: { range: "0-2", location } });
  await expectAnswer(host, `DELETE ${location}`, { status: 204 });
  await pushBlob(host, name, layer);
}
