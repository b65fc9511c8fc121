import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { Keys } from "../../src/access/keys.ts";
import { SERVICE, TOKEN_SECONDS, Tokens } from "../../src/access/token.ts";
import { basic, bearer, keysInMemory, TestAccess, tokenFor } from "../support/access.ts";
import { expectAnswer, send, sendRaw } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { runs } from "../support/runs.ts";

const access = await TestAccess.open({ rules: [{ allow: ["admin"], to: ["ann"], on: ["**"] }] }, ["ann"]);
const registry = await TestRegistry.open({ access });
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;
beforeEach(() => registry.entries.splice(0));

const CATALOG = "GET /v2/_catalog";
const { kid, key } = access.keys.signer();
const seconds = Math.floor(access.now.getTime() / 1000);
/** What a token of ours has in it, and would list everything. */
const GOOD = {
  iss: SERVICE,
  aud: SERVICE,
  sub: "ann",
  iat: seconds,
  nbf: seconds,
  exp: seconds + TOKEN_SECONDS,
  scope: "registry:catalog:*",
} satisfies JWTPayload;

function signed(claims: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "JWT", kid, ...header }).sign(key);
}

/** Refused by 401 with the challenge, and one line of the log that has no part of what was sent. */
async function assertRefused(token: string, about: string): Promise<void> {
  registry.entries.splice(0);
  await expectAnswer(host, CATALOG, {
    send: { headers: bearer(token) },
    status: 401,
    code: "UNAUTHORIZED",
    headers: { "www-authenticate": /^Bearer realm="[^"]+",service="supercargo",error="invalid_token"$/ },
  });
  assert.equal(registry.entries.length, 1, about);
  const [entry] = registry.entries;
  assert.ok((entry?.refusal ?? "").length > 10, about);
  assert.equal(entry?.error, undefined, about);
  const secrets = token.split(".").filter((part) => part.length > 10);
  const logged = JSON.stringify(entry);
  assert.ok(!secrets.some((secret) => logged.includes(secret)), about);
}

describe("a token is refused", () => {
  test("never for what it should have: one like those below is taken", async () => {
    await expectAnswer(host, CATALOG, { send: { headers: bearer(await signed(GOOD)) }, status: 200 });
  });

  test("when it is not signed, or with what everybody knows", async () => {
    await assertRefused(new UnsecuredJWT(GOOD).encode(), "alg none");
    const [, claims] = (await signed(GOOD)).split(".");
    for (const alg of ["none", "None", "NONE", "nOnE"]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: "JWT", kid })).toString("base64url");
      await assertRefused(`${header}.${claims}.`, alg);
    }
    const [jwk] = access.keys.shown().keys;
    const publicKey = createPublicKey({ key: { ...jwk }, format: "jwk" });
    const secrets = [
      publicKey.export({ type: "spki", format: "pem" }),
      publicKey.export({ type: "spki", format: "der" }),
      JSON.stringify(jwk),
    ];
    for (const secret of secrets) {
      const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: "JWT", kid })).toString("base64url");
      const signature = createHmac("sha256", secret).update(`${header}.${claims}`).digest("base64url");
      await assertRefused(`${header}.${claims}.${signature}`, "HS256 with the public key");
    }
  });

  test("when another has signed it, also with its key in the header or under the id of ours", async () => {
    const other = await generateKeyPair("ES256", { extractable: true });
    const jwk = { kty: "EC", crv: "P-256", x: "x", y: "y" };
    for (const header of [
      {},
      { kid: "other" },
      { jwk },
      { jku: `http://${host}/v2/_supercargo/jwks.json` },
      { x5c: ["MIIB"] },
    ]) {
      const token = await new SignJWT(GOOD)
        .setProtectedHeader({ alg: "ES256", typ: "JWT", kid, ...header })
        .sign(other.privateKey);
      await assertRefused(token, JSON.stringify(header));
    }
    const elsewhere = new Tokens(await Keys.open(keysInMemory()));
    const { token } = await elsewhere.issue({ user: "ann", groups: [] }, [], access.policy());
    await assertRefused(token, "another registry");
  });

  test("when its time has passed or not come", async () => {
    await assertRefused(await signed({ ...GOOD, exp: seconds - 60 }), "expired");
    await assertRefused(await signed({ ...GOOD, nbf: seconds + 60 }), "not yet");
    for (const claim of ["exp", "nbf", "iat", "sub"] as const) {
      const { [claim]: _, ...rest } = GOOD;
      await assertRefused(await signed(rest), `without ${claim}`);
    }
    const token = await tokenFor(host, "ann", []);
    const { now } = access;
    access.now = new Date(now.getTime() + (TOKEN_SECONDS + 60) * 1000);
    await assertRefused(token, "ours, later");
    access.now = now;
  });

  test("when it is by another, or for another", async () => {
    for (const claims of [{ iss: "other" }, { aud: "other" }, { aud: ["other"] }, { aud: "" }])
      await assertRefused(await signed({ ...GOOD, ...claims }), JSON.stringify(claims));
    await assertRefused(await signed(GOOD, { typ: "other" }), "of another type");
  });

  test("when its key has an odd id, which is looked up and never a path", async () => {
    const odd = [
      "../../keys.json",
      "/etc/passwd",
      "file:///etc/passwd",
      "\0",
      "__proto__",
      "constructor",
      "' or 1=1",
      "x".repeat(4_000),
      "",
      1,
      null,
      {},
      ["x"],
    ];
    for (const id of odd) {
      const header = Buffer.from(JSON.stringify({ alg: "ES256", typ: "JWT", kid: id })).toString("base64url");
      const [, ...rest] = (await signed(GOOD)).split(".");
      await assertRefused([header, ...rest].join("."), JSON.stringify(id).slice(0, 40));
    }
  });

  test("when it is changed in any place, or is no token at all", async () => {
    const token = await signed(GOOD);
    const changed = fc
      .tuple(fc.nat(token.length - 2), fc.constantFrom("A", "b", "7", ".", "=", ""))
      .map(([at, sign]) => token.slice(0, at) + sign + token.slice(at + 1));
    // The last sign of a part may have bits that mean nothing.
    const same = (one: string): boolean =>
      one
        .split(".")
        .every((part, at) =>
          Buffer.from(part, "base64url").equals(Buffer.from(token.split(".")[at] ?? "", "base64url")),
        ) && one.split(".").length === 3;
    const junk = fc.oneof(
      changed.filter((one) => !same(one)),
      fc.string({ minLength: 1, maxLength: 100 }).filter((one) => /^[!-~]+$/.test(one)),
    );
    await fc.assert(
      fc.asyncProperty(junk, (one) => assertRefused(one, one)),
      { numRuns: runs(150) },
    );
  });
});

describe("Authorization", () => {
  test("of any form is 200 or 401, with a challenge", async () => {
    const odd = [
      "Bearer",
      "Bearer ",
      "bearer  x y z",
      "Basic",
      "Basic %%%",
      "Basic Og",
      "Digest x",
      "Negotiate",
      "x",
      ",",
      "Basic " + "A".repeat(8_000),
      "Bearer " + "A".repeat(13_000),
      "Bearer " + "a.".repeat(5_000),
    ];
    for (const value of odd)
      await expectAnswer(host, CATALOG, {
        send: { headers: { Authorization: value } },
        status: 401,
        code: "UNAUTHORIZED",
        headers: { "www-authenticate": /^Bearer realm="/ },
      });
    assert.equal(registry.entries.length, odd.length);
  });

  test("of 64 KiB is refused before it is read", async () => {
    const head = `${CATALOG} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${"a".repeat(64 * 1024)}\r\n\r\n`;
    assert.match(await sendRaw(host, head), /^HTTP\/1\.1 431 /);
  });

  test("with a wrong password is 401 everywhere, and the log never has the password", async () => {
    for (const line of [
      CATALOG,
      "GET /v2/",
      "GET /v2/a/tags/list",
      "GET /v2/_supercargo/token",
      "POST /v2/a/blobs/uploads/",
    ])
      await expectAnswer(host, line, { send: { headers: basic("ann", "hunter2-wrong") }, status: 401 });
    const logged = JSON.stringify(registry.entries);
    assert.ok(
      !logged.includes("hunter2") &&
        !logged.includes(Buffer.from("ann:hunter2").toString("base64").slice(0, 12)),
    );
  });

  test("is nothing to those who watch whether the server is well", async () => {
    for (const line of ["GET /healthz", "GET /readyz"])
      await expectAnswer(host, line, { send: { headers: bearer("x") }, status: 200 });
  });
});

test("scopes and forms of any kind are 200, 400, 401 or 413, and never a failure of ours", async () => {
  const scope = fc.oneof(
    fc.string({ maxLength: 60, unit: "binary" }),
    fc
      .tuple(
        fc.constantFrom("repository", "registry", "repository(x)", "__proto__"),
        fc.constantFrom("a", "*", "a/*", "**", "a:5000/b", "A", "../a", "constructor", "x".repeat(300)),
        fc.constantFrom("pull", "*", "", "list", "pull,pull", "__proto__"),
      )
      .map((parts) => parts.join(":")),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(scope, { maxLength: 8 }),
      fc.string({ maxLength: 20 }),
      async (scopes, grant) => {
        const parameters = new URLSearchParams(scopes.map((one) => ["scope", one]));
        const got = await send(host, `GET /v2/_supercargo/token?${parameters.toString()}`);
        assert.ok([200, 400].includes(got.status), `${got.status}`);
        parameters.append("grant_type", grant);
        const posted = await send(host, "POST /v2/_supercargo/token", { body: parameters.toString() });
        assert.ok([400, 401].includes(posted.status), `${posted.status}`);
      },
    ),
    { numRuns: runs(150) },
  );
});
