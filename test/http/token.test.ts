import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from "jose";
import { parsePattern } from "../../src/oci/pattern.ts";
import { REFRESH_SECONDS, SERVICE, TOKEN_SECONDS } from "../../src/access/token.ts";
import { basic, bearer, TestAccess, tokenFor } from "../support/access.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const RULES = {
  groups: { team: ["ann"] },
  rules: [
    { allow: ["read"], to: ["anonymous"], on: ["library/**"] },
    { allow: ["write"], to: ["group:team"], on: ["team/**"] },
    { allow: ["admin"], to: ["root"], on: ["**"] },
    { allow: ["admin"], to: ["robot"], on: ["team/**"] },
  ],
};
const within = [
  { pattern: parsePattern("team/app") ?? assert.fail(), actions: new Set(["list", "pull"] as const) },
];
const access = await TestAccess.open(RULES, [
  "ann",
  "root",
  "leaver",
  { user: "robot", groups: [], grants: within },
]);
const registry = await TestRegistry.open({ access });
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const PATH = "/v2/_supercargo/token";
type Granted = {
  readonly token: string;
  readonly access_token: string;
  readonly scope: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly refresh_token?: string;
};

async function get(query: string, headers = {}): Promise<Granted> {
  const answer = await expectAnswer(host, `GET ${PATH}?${query}`, {
    send: { headers },
    status: 200,
    headers: { "cache-control": "no-store" },
  });
  return jsonOf(answer) as Granted;
}

async function post(form: Record<string, string>): Promise<Granted> {
  const sent = formOf(form);
  return jsonOf(await expectAnswer(host, `POST ${PATH}`, { send: sent, status: 200 })) as Granted;
}

function formOf(form: Record<string, string>): { headers: Record<string, string>; body: string } {
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return { headers, body: new URLSearchParams(form).toString() };
}

const accessIn = ({ token }: Granted): unknown => decodeJwt(token)["access"];

describe("GET for a token", () => {
  test("R7: both names of the token, a lifetime of a minute at least, and a time that Go reads", async () => {
    const granted = await get(`service=${SERVICE}&account=ann&client_id=docker`, basic("ann"));
    assert.equal(granted.token, granted.access_token);
    assert.equal(granted.expires_in, TOKEN_SECONDS);
    assert.ok(granted.expires_in >= 60);
    assert.match(granted.issued_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(granted.refresh_token, undefined);
    assert.equal(decodeJwt(granted.token).sub, "ann");
    assert.equal(registry.entries.at(-1)?.actor, "ann");
  });

  test("the token carries what is both asked for and allowed, which may be nothing", async () => {
    const asked = "scope=repository:team/app:pull,push,delete&scope=repository:secret:pull";
    assert.deepEqual(accessIn(await get(asked, basic("ann"))), [
      { type: "repository", name: "team/app", actions: ["pull", "push"] },
    ]);
    assert.deepEqual(accessIn(await get("scope=repository:secret:pull", basic("ann"))), []);
    assert.deepEqual(accessIn(await get("scope=registry:catalog:*", basic("ann"))), []);
    assert.deepEqual(accessIn(await get("scope=registry:catalog:*", basic("root"))), [
      { type: "registry", name: "catalog", actions: ["*"] },
    ]);
  });

  test("R6: scopes come one by one or joined by spaces, and what is unknown in them is left out", async () => {
    const both = [
      { type: "repository", name: "library/a", actions: ["pull"] },
      { type: "repository", name: "library/b", actions: ["pull"] },
    ];
    assert.deepEqual(
      accessIn(await get("scope=repository:library/a:pull&scope=repository:library/b:pull")),
      both,
    );
    const joined = "scope=repository:library/a:pull%20repository(plugin):library/b:metadata_read,pull,push";
    assert.deepEqual(accessIn(await get(joined)), both);
    const odd = [
      "repository:library/../team/app:pull",
      "repository:Library/a:pull",
      "repository:l\u0456brary/a:pull",
      "x",
      ":::",
      "repository:*:pull",
      "registry:other:*",
    ];
    assert.deepEqual(accessIn(await get(String(new URLSearchParams(odd.map((one) => ["scope", one]))))), []);
  });

  test("R2: without credentials, or with empty ones, the token is that of nobody", async () => {
    for (const headers of [{}, { Authorization: "Basic Og==" }]) {
      const { token } = await get("scope=repository:library/a:pull", headers);
      assert.equal(decodeJwt(token).sub, "");
    }
  });

  test("R7: a wrong password, or a user who is not there, gets 401 and never the token of nobody", async () => {
    for (const headers of [
      basic("ann", "wrong"),
      basic("nobody"),
      bearer("x"),
      { Authorization: "Basic !" },
    ]) {
      await expectAnswer(host, `GET ${PATH}?scope=repository:library/a:pull`, {
        send: { headers },
        status: 401,
        code: "UNAUTHORIZED",
        headers: { "www-authenticate": /^Basic realm="/ },
      });
    }
  });

  test("a token for another service, or for very many scopes, is refused", async () => {
    await expectAnswer(host, `GET ${PATH}?service=other.example`, { status: 400, code: "PARAMETER_INVALID" });
    const many = Array.from({ length: 60 }, (_, at) => `scope=repository:a${at}:pull`).join("&");
    await expectAnswer(host, `GET ${PATH}?${many}`, { status: 400, code: "PARAMETER_INVALID" });
    const body = Array.from({ length: 5_000 }, (_, at) => `repository:a${at}:pull`).join(" ");
    await expectAnswer(host, `POST ${PATH}`, {
      send: formOf({ scope: body }),
      status: 413,
      code: "SIZE_EXCEEDED",
    });
  });

  test("the largest token that can be had is taken", async () => {
    const scopes = Array.from({ length: 50 }, (_, at) => `repository:team/${"x".repeat(30)}${at}:pull`);
    const token = await tokenFor(host, "ann", scopes);
    await expectAnswer(host, "GET /v2/", { send: { headers: bearer(token) }, status: 200 });
  });
});

describe("POST for a token", () => {
  test("R7: by a password, with the scopes in one field", async () => {
    const granted = await post({
      grant_type: "password",
      username: "ann",
      password: "ann-password",
      service: SERVICE,
      client_id: "containerd",
      scope: "repository:team/app:pull,push repository:library/a:pull",
    });
    assert.equal(granted.scope, "repository:team/app:pull,push repository:library/a:pull");
    assert.equal((accessIn(granted) as unknown[]).length, 2);
    assert.equal(granted.refresh_token, undefined);
  });

  test("wrong passwords, empty ones and unknown grants are refused", async () => {
    const wrong = { grant_type: "password", username: "ann", password: "wrong" };
    await expectAnswer(host, `POST ${PATH}`, { send: formOf(wrong), status: 401, code: "UNAUTHORIZED" });
    const empty = { grant_type: "password" };
    await expectAnswer(host, `POST ${PATH}`, { send: formOf(empty), status: 401, code: "UNAUTHORIZED" });
    for (const form of [{}, { grant_type: "client_credentials" }])
      await expectAnswer(host, `POST ${PATH}`, {
        send: formOf(form),
        status: 400,
        code: "PARAMETER_INVALID",
      });
  });

  test("a refresh token gets others for as long as its user is there", async () => {
    const { refresh_token = "" } = await get("offline_token=true", basic("leaver"));
    const form = { grant_type: "refresh_token", refresh_token, scope: "repository:library/a:pull" };
    const granted = await post(form);
    assert.equal(decodeJwt(granted.token).sub, "leaver");
    assert.equal(granted.refresh_token, refresh_token);
    await expectAnswer(host, "GET /v2/", { send: { headers: bearer(granted.token) }, status: 200 });
    access.remove("leaver");
    await expectAnswer(host, `POST ${PATH}`, { send: formOf(form), status: 401, code: "UNAUTHORIZED" });
    const headers = { "www-authenticate": /error="invalid_token"$/ };
    await expectAnswer(host, "GET /v2/", { send: { headers: bearer(granted.token) }, status: 401, headers });
  });

  test("access_type=offline asks for a refresh token too; nobody gets none", async () => {
    const form = {
      grant_type: "password",
      username: "ann",
      password: "ann-password",
      access_type: "offline",
    };
    assert.ok((await post(form)).refresh_token);
    assert.equal((await get("offline_token=true")).refresh_token, undefined);
  });

  test("neither kind of token does for the other, and a refresh token ends as well", async () => {
    const { refresh_token = "", token } = await get("offline_token=true", basic("ann"));
    const headers = { "www-authenticate": /error="invalid_token"/ };
    await expectAnswer(host, "GET /v2/", { send: { headers: bearer(refresh_token) }, status: 401, headers });
    const form = { grant_type: "refresh_token", refresh_token: token };
    await expectAnswer(host, `POST ${PATH}`, { send: formOf(form), status: 401, code: "UNAUTHORIZED" });
    const { now } = access;
    access.now = new Date(now.getTime() + (REFRESH_SECONDS + 60) * 1000);
    const late = formOf({ grant_type: "refresh_token", refresh_token });
    await expectAnswer(host, `POST ${PATH}`, { send: late, status: 401, code: "UNAUTHORIZED" });
    access.now = now;
  });
});

describe("who has a token", () => {
  test("verifies it with the public keys, which tell nothing of the private ones", async () => {
    const answer = await expectAnswer(host, "GET /v2/_supercargo/jwks.json", { status: 200 });
    const jwks = jsonOf(answer) as JSONWebKeySet;
    assert.ok(jwks.keys.length > 0 && jwks.keys.every((key) => !("d" in key) && key.use === "sig"));
    const token = await tokenFor(host, "ann", []);
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: SERVICE,
      audience: SERVICE,
    });
    assert.equal(payload.sub, "ann");
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), TOKEN_SECONDS);
  });

  test("is told who they are, and what they may do where", async () => {
    const whoami = "GET /v2/_supercargo/whoami";
    await expectAnswer(host, whoami, { status: 401, code: "UNAUTHORIZED" });
    const library = { on: "library/**", allow: ["list", "pull"] };
    const team = { on: "team/**", allow: ["list", "pull", "push"] };
    await expectAnswer(host, whoami, {
      send: { headers: basic("ann") },
      status: 200,
      json: { user: "ann", groups: ["team"], allowed: [library, team] },
    });
    const token = await tokenFor(host, undefined, ["repository:library/a:pull"]);
    await expectAnswer(host, whoami, {
      send: { headers: bearer(token) },
      status: 200,
      json: { groups: [], allowed: [library], within: [{ on: "library/a", allow: ["pull", "list"] }] },
    });
  });

  test("is limited as their robot is, whatever the token was asked for", async () => {
    const token = await tokenFor(host, "robot", [
      "repository:team/app:pull,push",
      "repository:team/b:pull",
      "repository:team:list",
    ]);
    const answer = await send(host, "GET /v2/_supercargo/whoami", { headers: bearer(token) });
    const { within: limits } = jsonOf(answer) as { within: { on: string; allow: string[] }[] };
    assert.ok(limits.length > 0);
    for (const { on, allow } of limits) {
      assert.equal(on, "team/app");
      assert.ok(
        allow.every((action) => ["list", "pull"].includes(action)),
        allow.join(),
      );
    }
  });
});

test("without a policy there are no tokens, and no credential is looked at", async () => {
  await using open = await TestRegistry.open();
  for (const line of [`GET ${PATH}`, `POST ${PATH}`, "GET /v2/_supercargo/jwks.json"])
    await expectAnswer(open.host, line, { status: 404, code: "ROUTE_UNKNOWN" });
  for (const headers of [{}, basic("ann", "wrong"), bearer("x"), { Authorization: "x" }])
    await expectAnswer(open.host, "GET /v2/", { send: { headers }, status: 200, json: {} });
  const json = { groups: [], allowed: [{ on: "**", allow: ["list", "pull", "push", "delete"] }] };
  await expectAnswer(open.host, "GET /v2/_supercargo/whoami", { status: 200, json });
});
