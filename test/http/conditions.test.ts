import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { basic } from "../support/access.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { filled, RULES } from "../support/guarded.ts";
import { TestRegistry } from "../support/registry.ts";

/** Lists that have a validator, over many repositories and of one. */
const OVER_MANY = [
  "/v2/_catalog",
  "/v2/_oci/repositories",
  "/v2/repositories/list",
  "/v2/_supercargo/repositories",
  "/v2/_supercargo/tags",
  "/v2/_supercargo/search?q=app",
];
const OF_ONE = [
  "/v2/team/app/tags/list",
  "/v2/team/app/descriptors/list",
  "/v2/team/app/_supercargo/tags",
  "/v2/team/app/_oci/tag-history/v1",
];

describe("a validator", () => {
  test("is for those alone who see what its holder saw", async () => {
    const { registry } = await filled("team/app");
    await using _ = registry;
    for (const target of OVER_MANY) {
      const line = `GET ${target}`;
      const all = await expectAnswer(registry.host, line, { send: { headers: basic("root") }, status: 200 });
      const condition = { "If-None-Match": all.headers.etag };
      const again = { headers: { ...basic("root"), ...condition } };
      await expectAnswer(registry.host, line, {
        send: again,
        status: 304,
        headers: { etag: all.headers.etag },
      });
      const other = { headers: { ...basic("stranger"), ...condition } };
      const part = await expectAnswer(registry.host, line, { send: other, status: 200 });
      assert.notDeepEqual(jsonOf(part), jsonOf(all), target);
    }
  });

  test("does not outlive the policy that it was given under", async () => {
    const { registry, access } = await filled("team/app");
    await using _ = registry;
    for (const target of [...OVER_MANY, ...OF_ONE]) {
      const line = `GET ${target}`;
      access.reload(RULES);
      const before = await expectAnswer(registry.host, line, {
        send: { headers: basic("ann") },
        status: 200,
      });
      access.reload({ rules: RULES.rules?.filter(({ to }) => !to.includes("ann")) });
      const send = { headers: { ...basic("ann"), "If-None-Match": before.headers.etag } };
      const isGone = OF_ONE.includes(target) && !target.includes("history");
      const now = await expectAnswer(registry.host, line, { send, status: isGone ? 404 : 200 });
      assert.ok(!now.bytes.includes("team") || isGone, target);
    }
  });

  test("of what a tag pointed to tells nobody whether there is such a tag", async () => {
    const { registry } = await filled("team/app");
    await using _ = registry;
    const etags = new Set<unknown>();
    for (const name of ["team/app", "team/none"]) {
      const line = `GET /v2/${name}/_oci/tag-history/v1`;
      const { headers } = await expectAnswer(registry.host, line, {
        send: { headers: basic("stranger") },
        status: 200,
      });
      etags.add(headers.etag);
      const send = { headers: { ...basic("stranger"), "If-None-Match": headers.etag } };
      await expectAnswer(registry.host, line, { send, status: 304 });
    }
    assert.equal(etags.size, 1);
  });
});

describe("what depends on its caller", () => {
  test("says so, whatever the answer is", async () => {
    const { registry } = await filled("team/app");
    await using _ = registry;
    const headers = { vary: "Authorization", "cache-control": "private" };
    const send = { headers: basic("ann") };
    for (const target of [...OVER_MANY, ...OF_ONE, "/v2/team/app/manifests/v1"]) {
      const { headers: told } = await expectAnswer(registry.host, `GET ${target}`, {
        send,
        status: 200,
        headers,
      });
      const again = { headers: { ...basic("ann"), "If-None-Match": told.etag } };
      await expectAnswer(registry.host, `GET ${target}`, { send: again, status: 304, headers });
    }
    await expectAnswer(registry.host, "GET /v2/", { status: 401, headers });
    const stranger = { headers: basic("stranger") };
    await expectAnswer(registry.host, "GET /v2/team/app/tags/list", { send: stranger, status: 404, headers });
    const unstored = { ...headers, "cache-control": "no-store" };
    await expectAnswer(registry.host, "GET /v2/_supercargo/whoami", { send, status: 200, headers: unstored });
    const free = { vary: undefined, "cache-control": undefined };
    await expectAnswer(registry.host, "GET /v2/_supercargo/openapi.json", { status: 200, headers: free });
  });

  test("varies by origin too where web pages may ask, and by nothing without a policy", async () => {
    const { registry, access } = await filled("team/app");
    await using _ = registry;
    const origin = "https://ui.example";
    const send = { headers: { ...basic("ann"), origin } };
    await using guarded = await TestRegistry.open({ access, corsOrigins: [origin] });
    const headers = { vary: "Origin, Authorization" };
    await expectAnswer(guarded.host, "GET /v2/_catalog", { send, status: 200, headers });
    await using open = await TestRegistry.open();
    const free = { vary: undefined, "cache-control": undefined };
    await expectAnswer(open.host, "GET /v2/_catalog", { send, status: 200, headers: free });
  });
});

describe("what is wrong", async () => {
  const registry = await TestRegistry.open();
  after(() => registry[Symbol.asyncDispose]());
  const { host } = registry;
  await pushManifest(host, "team/app:v1", manifestOf());
  const any = { headers: { "If-None-Match": "*" } };

  const OURS =
    "n=abc at=soon at=99999 orderBy=colour order=up fields=colour include=colour continue=abc tag=/ colour=red";
  const FORM = "n=abc at=soon";
  const WRONG: Readonly<Record<string, string>> = {
    "/v2/_supercargo/tags": OURS,
    "/v2/team/app/_supercargo/tags": OURS,
    "/v2/_supercargo/search": "q=a&n=abc q= q=foo:bar=x q=a&continue=abc colour=red",
    "/v2/_catalog": FORM,
    "/v2/team/app/tags/list": FORM,
    "/v2/team/app/descriptors/list": FORM,
    "/v2/_oci/repositories": FORM,
    "/v2/repositories/list": `${FORM} orderBy=colour order=up continue=abc`,
    "/v2/team/app/_oci/tag-history/v1": "n=abc before=soon digest=x continue=abc",
  };
  for (const [path, queries] of Object.entries(WRONG)) {
    test(`is refused at ${path}, whatever the client has`, async () => {
      await expectAnswer(host, `GET ${path}?q=a`.replace(/(?<!search)\?q=a/, ""), { send: any, status: 304 });
      for (const query of queries.split(" ")) {
        await expectAnswer(host, `GET ${path}?${query}`, { send: any, status: 400 });
      }
    });
  }

  test("is not there is not unchanged either", async () => {
    const { headers } = await expectAnswer(host, "GET /v2/_supercargo/tags", { status: 200 });
    for (const held of ["*", headers.etag]) {
      const send = { headers: { "If-None-Match": held } };
      const line = "GET /v2/team/none/_supercargo/tags";
      await expectAnswer(host, line, { send, status: 404, code: "NAME_UNKNOWN" });
    }
  });
});
