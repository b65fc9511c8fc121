import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { ForeignTokens } from "../../src/access/foreign-tokens.ts";
import { bearer, TestAccess } from "../support/access.ts";
import { manifestOf } from "../support/artifact.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const ISSUER = "https://auth.example/";
const AUDIENCE = "registry.example";
const REALM = "https://auth.example/token";

type Pair = { readonly privateKey: CryptoKey; readonly shown: JWK };

async function makePair(alg: string, kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, shown: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-foreign-"));
after(() => folder.remove());
const file = join(folder.path, "jwks.json");
const rsa = await makePair("RS256", "rsa");
const ec = await makePair("ES256", "ec");
const later = await makePair("EdDSA", "later");
writeFileSync(file, JSON.stringify({ keys: [rsa.shown, ec.shown] }));

const clock = { now: new Date() };
const foreign = new ForeignTokens(
  { issuer: ISSUER, audience: AUDIENCE, jwks: file, realm: REALM },
  () => clock.now,
);
const access = await TestAccess.open(
  {
    rules: [
      { allow: ["write"], to: ["ann"], on: ["team/**"] },
      { allow: ["admin"], to: ["root"], on: ["**"] },
    ],
  },
  [],
);
const registry = await TestRegistry.open({ access: { ...guarded(access), foreign } });
after(() => registry[Symbol.asyncDispose]());

function guarded({ policy, logins, tokens, keys }: TestAccess): Omit<TestAccess, "foreign"> {
  return { policy, logins, tokens, keys } as never;
}

type Made = { readonly claims?: Record<string, unknown>; readonly pair?: Pair; readonly seconds?: number };
const entry = (name: string, ...actions: string[]): object => ({ type: "repository", name, actions });

async function tokenOf(
  user: string,
  allowed: readonly object[],
  made: Made = {},
): Promise<{ Authorization: string }> {
  const { claims = {}, pair = rsa, seconds = 300 } = made;
  const now = Math.floor(clock.now.getTime() / 1_000);
  const exp = Number.isFinite(seconds) ? { exp: now + seconds } : {};
  const token = await new SignJWT({ access: allowed, iss: ISSUER, aud: AUDIENCE, ...exp, ...claims })
    .setProtectedHeader({ alg: pair.shown.alg ?? "", kid: pair.shown.kid ?? "", typ: "JWT" })
    .setSubject(user)
    .sign(pair.privateKey);
  return bearer(token);
}

async function statusOf(target: string, headers: { Authorization: string }): Promise<number> {
  return (await send(registry.host, target, { headers })).status;
}

describe("tokens of another token server", () => {
  test("allow what they say, and no more than the policy", async () => {
    const root = await tokenOf("root", [
      entry("team/app", "pull", "push"),
      entry("other/app", "push", "pull"),
    ]);
    const { bytes, mediaType } = manifestOf({});
    const headers = { ...root, "Content-Type": mediaType };
    for (const name of ["team/app", "other/app"]) {
      const target = `PUT /v2/${name}/manifests/v1`;
      await expectAnswer(registry.host, target, { send: { headers, body: bytes }, status: 201 });
    }
    const all = [entry("team/app", "*"), entry("other/app", "*")];
    for (const pair of [rsa, ec]) {
      const ann = await tokenOf("ann", all, { pair });
      const get = (name: string, status: number): Promise<unknown> =>
        expectAnswer(registry.host, `GET /v2/${name}/manifests/v1`, { send: { headers: ann }, status });
      await get("team/app", 200);
      // The policy does not let ann see it, whatever her token says.
      await get("other/app", 404);
    }
    const many = Array.from({ length: 60 }, (_, n) => entry(`team/app-${n}`, "pull"));
    const last = await tokenOf("ann", [...many, entry("team/app", "pull")]);
    await expectAnswer(registry.host, "GET /v2/team/app/manifests/v1", {
      send: { headers: last },
      status: 200,
    });
    const pull = await tokenOf("ann", [entry("team/app", "pull")]);
    const target = "DELETE /v2/team/app/manifests/v1";
    const refused = await expectAnswer(registry.host, target, { send: { headers: pull }, status: 403 });
    assert.equal((jsonOf(refused) as { errors: { code: string }[] }).errors[0]?.code, "DENIED");
    const nobody = await tokenOf("ann", []);
    await expectAnswer(registry.host, "GET /v2/team/app/manifests/v1", {
      send: { headers: nobody },
      status: 401,
    });
    const catalog = await tokenOf("ann", [{ type: "registry", name: "catalog", actions: ["*"] }]);
    const listed = await expectAnswer(registry.host, "GET /v2/_catalog", {
      send: { headers: catalog },
      status: 200,
    });
    assert.deepEqual(jsonOf(listed), { repositories: ["team/app"] });
  });

  test("are where clients are sent for one, if the configuration says so", async () => {
    const { headers } = await expectAnswer(registry.host, "GET /v2/", { status: 401 });
    assert.equal(headers["www-authenticate"], `Bearer realm="${REALM}",service="${AUDIENCE}"`);
  });

  test("are refused when they are for others, of others, too late, or not signed as they say", async () => {
    const all = [entry("team/app", "pull")];
    const wrong: readonly (readonly [string, Made])[] = [
      ["audience", { claims: { aud: "another.example" } }],
      ["issuer", { claims: { iss: "https://evil.example/" } }],
      ["expired", { seconds: -120 }],
      ["endless", { seconds: Infinity }],
      ["not yet", { claims: { nbf: Math.floor(Date.now() / 1_000) + 3_600 } }],
      ["key", { pair: { privateKey: rsa.privateKey, shown: { ...rsa.shown, kid: "ec" } } }],
      ["unknown", { pair: later }],
    ];
    for (const [what, made] of wrong) {
      const headers = await tokenOf("ann", all, made);
      assert.equal(await statusOf("GET /v2/team/app/manifests/v1", headers), 401, what);
    }
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: ISSUER, aud: AUDIENCE, sub: "root" }))}.`;
    assert.equal(await statusOf("GET /v2/", bearer(unsigned.replaceAll("=", ""))), 401);
    for (const strange of [7, "x", [null], [{ type: "repository", name: "a b:c", actions: [{}] }]]) {
      const headers = await tokenOf("ann", [], { claims: { access: strange } });
      assert.equal(await statusOf("GET /v2/team/app/manifests/v1", headers), 401);
    }
  });

  test("may be signed with keys that came later", async () => {
    const made = { pair: later };
    writeFileSync(file, JSON.stringify({ keys: [later.shown] }));
    clock.now = new Date(clock.now.getTime() + 11_000);
    const headers = await tokenOf("ann", [entry("team/app", "pull")], made);
    assert.equal(await statusOf("GET /v2/team/app/manifests/v1", headers), 200);
  });

  test("are verified by a key set at a URL; while that cannot be had, it is said so", async () => {
    let isThere = false;
    const server = createServer((_, response) => {
      response.statusCode = isThere ? 200 : 500;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ keys: [ec.shown] }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const remote = new ForeignTokens({ issuer: ISSUER, audience: AUDIENCE, jwks });
    const token = (await tokenOf("ann", [entry("team/app", "pull")], { pair: ec })).Authorization.slice(7);
    await assert.rejects(remote.verify(token), { code: "UNAVAILABLE" });
    isThere = true;
    assert.equal((await remote.verify(token)).unscoped.user, "ann");
    server.close();
    server.closeAllConnections();
  });
});
