import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { CONTENT } from "./foreign-content.ts";
import { foreignRegistry } from "./foreign-registry.ts";
import { sendFailure, sendJson, type HttpServer, type Seen } from "./http-server.ts";
import { rowsOf, run } from "./run.ts";

const BASIC = `Basic ${Buffer.from("ann:geheim:1").toString("base64")}`;

let folder: string;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "supercargo-login-"))));
after(() => rm(folder, { recursive: true }));

/** A folder with what docker has noted there. */
async function dockerConfig(config: object): Promise<Record<string, string>> {
  const place = await mkdtemp(path.join(folder, "docker-"));
  await writeFile(path.join(place, "config.json"), JSON.stringify(config));
  return { DOCKER_CONFIG: place };
}

type Doors = {
  /** Whether this request is let in. */
  readonly opens: (seen: Seen) => boolean;
  readonly challenge: (seen: Seen) => string;
  /** What a token server on the same host answers. */
  readonly token?: (seen: Seen) => object | undefined;
};

/** A registry behind a login. */
function guarded({ opens, challenge, token }: Doors): Promise<HttpServer> {
  return foreignRegistry({
    ...CONTENT,
    before: (seen: Seen, response: ServerResponse) => {
      if (seen.target.startsWith("/token")) {
        const got = token?.(seen);
        if (got === undefined) sendFailure(response, 401, "UNAUTHORIZED");
        else sendJson(response, got);
        return true;
      }
      if (opens(seen)) return false;
      response.setHeader("WWW-Authenticate", challenge(seen));
      sendFailure(response, 401, "UNAUTHORIZED");
      return true;
    },
  });
}

/** A registry that gives tokens for scopes: the token is the scope, and what is wanted is `repository:<name>:pull`. */
function byToken(token: NonNullable<Doors["token"]>): Promise<HttpServer> {
  const scopeOf = ({ target }: Seen): string => {
    const [, name] = /^\/v2\/(.+)\/tags\/list/.exec(target) ?? [];
    return name === undefined ? "registry:catalog:*" : `repository:${name}:pull`;
  };
  const server: Promise<HttpServer> = guarded({
    opens: (seen) => seen.authorization === `Bearer ${scopeOf(seen).replaceAll(":", "-")}`,
    challenge: (seen) => `Bearer realm="/token?kept=1",service="reg, of ours",scope="${scopeOf(seen)}"`,
    token,
  });
  return server;
}

/** The token for the scope that was asked for, or for nothing. */
function grant({ target, body }: Seen): { token: string } {
  const params = new URLSearchParams(body || (target.split("?")[1] ?? ""));
  return { token: (params.get("scope") ?? "nothing").replaceAll(":", "-") };
}

const tokenRequests = ({ seen }: HttpServer): Seen[] =>
  seen.filter(({ target }) => target.startsWith("/token"));

describe("a registry that gives tokens", () => {
  test("is asked without a login where nobody is logged in, with one token for each repository", async () => {
    await using registry = await byToken(grant);
    const { code, out, err } = await run(["tags", registry.host, "--under", "team"]);
    assert.equal(code, 0, err);
    assert.equal(rowsOf(out).length, 2);
    const asked = tokenRequests(registry);
    const scopes = asked.map(({ target }) => new URL(target, "http://x").searchParams.get("scope") ?? "");
    assert.deepEqual(scopes.filter((scope) => scope.startsWith("repository")).toSorted(), [
      "repository:team/app:pull",
      "repository:team/deep/app:pull",
    ]);
    assert.ok(asked.every(({ authorization }) => authorization === undefined));
    assert.ok(asked.every(({ target }) => target.startsWith("/token?kept=1&service=reg%2C+of+ours")));
  });

  for (const [where, config] of [
    ["under its host", (host: string) => ({ auths: { [host]: { auth: BASIC.slice(6) } } })],
    [
      "under its URL",
      (host: string) => ({ auths: { [`https://${host}/v2/`]: { username: "ann", password: "geheim:1" } } }),
    ],
  ] as const) {
    test(`gets the password that docker keeps ${where} at its token server, and nowhere else`, async () => {
      await using registry = await byToken((seen) =>
        seen.authorization === BASIC ? grant(seen) : undefined,
      );
      const env = await dockerConfig(config(registry.host));
      const { code, err } = await run(["repos", registry.host], { env });
      assert.equal(code, 0, err);
      const others = registry.seen.filter(({ authorization }) => authorization?.startsWith("Basic"));
      assert.deepEqual(others, tokenRequests(registry));
    });
  }

  test("gets an identity token in a form, as docker sends it", async () => {
    await using registry = await byToken((seen) =>
      seen.method === "POST" && seen.body.includes("grant_type=refresh_token&refresh_token=mine&client_id=")
        ? { access_token: grant(seen).token, expires_in: 300 }
        : undefined,
    );
    const env = await dockerConfig({ auths: { [registry.host]: { identitytoken: "mine" } } });
    const { code, err } = await run(["repos", registry.host], { env });
    assert.equal(code, 0, err);
  });

  test("that says no to the password is a failure to log in, told without the password", async () => {
    await using registry = await byToken(() => undefined);
    const args = ["repos", registry.host, "--username", "ann", "--password-stdin"];
    const { code, out, err } = await run(args, { input: "geheim\n" });
    assert.equal(code, 4);
    assert.equal(out, "");
    assert.match(err, /^supercargo: No token: .*Are the user name and the password right\?\n$/);
    assert.doesNotMatch(err, /geheim|Z2VoZWlt/);
  });

  test("and wants a new one meanwhile gets a new one, once", async () => {
    let count = 0;
    let valid = "";
    const doors: Doors = {
      opens: ({ target, authorization }) =>
        !target.startsWith("/v2/_catalog") || authorization === `Bearer ${valid}`,
      challenge: () => `Bearer realm="/token",error="invalid_token"`,
      token: () => ({ token: (valid = `t${count++}`) }),
    };
    await using registry = await guarded(doors);
    assert.equal((await run(["repos", registry.host])).code, 0);
    await using stubborn = await guarded({
      ...doors,
      opens: ({ target }) => !target.startsWith("/v2/_catalog"),
    });
    const { code } = await run(["repos", stubborn.host]);
    assert.equal(code, 4);
    assert.equal(tokenRequests(stubborn).length, 2);
  });

  test("and finds one too weak is not asked for another of the same kind", async () => {
    await using registry = await guarded({
      opens: ({ target }) => !target.startsWith("/v2/_catalog"),
      challenge: () => 'Bearer realm="/token",scope="registry:catalog:*",error="insufficient_scope"',
      token: grant,
    });
    assert.equal((await run(["repos", registry.host])).code, 4);
    assert.equal(tokenRequests(registry).length, 1);
  });

  test("only from some point on is logged in to there", async () => {
    await using registry = await guarded({
      opens: ({ target, authorization }) => !target.startsWith("/v2/_catalog") || authorization !== undefined,
      challenge: () => 'Bearer realm="/token",scope="registry:catalog:*"',
      token: grant,
    });
    const { code, err } = await run(["repos", registry.host]);
    assert.equal(code, 0, err);
  });

  test("gets the identity token that a program keeps", async () => {
    await using registry = await byToken((seen) =>
      seen.body.includes("refresh_token=of-a-program&") ? grant(seen) : undefined,
    );
    await helper("tokens", `echo '${JSON.stringify({ Username: "<token>", Secret: "of-a-program" })}'`);
    const env = { ...(await dockerConfig({ credsStore: "tokens" })), PATH: withHelpers() };
    const { code, err } = await run(["repos", registry.host], { env });
    assert.equal(code, 0, err);
  });
});

describe("a registry that takes passwords itself", () => {
  const basic: Doors = {
    opens: ({ authorization }) => authorization === BASIC,
    challenge: () => 'Basic realm="here"',
  };

  test("gets the one from standard input", async () => {
    await using registry = await guarded(basic);
    const args = ["repos", registry.host, "--username", "ann", "--password-stdin"];
    const { code, err } = await run(args, { input: "geheim:1\n" });
    assert.equal(code, 0, err);
  });

  test("gets the one that a program keeps for docker", async () => {
    await using registry = await guarded(basic);
    const answer = JSON.stringify({ ServerURL: "", Username: "ann", Secret: "geheim:1" });
    await helper("kept", `read server; [ "$server" = "${registry.host}" ] && echo '${answer}'`);
    await helper("none", "echo 'credentials not found in native keychain'; exit 1");
    const PATH = withHelpers();
    for (const [config, expected] of [
      [{ credHelpers: { [registry.host]: "kept" }, credsStore: "none" }, 0],
      [{ credsStore: "kept" }, 0],
      [{ credsStore: "none", auths: { [registry.host]: { auth: BASIC.slice(6) } } }, 4],
      [{ credsStore: "absent" }, 2],
    ] as const) {
      const env = { ...(await dockerConfig(config)), PATH };
      const { code, err } = await run(["repos", registry.host], { env });
      assert.equal(code, expected, `${JSON.stringify(config)}: ${err}`);
    }
  });

  test("is a failure with advice where nobody is logged in, and with a wrong password", async () => {
    await using registry = await guarded(basic);
    const nobody = await run(["repos", registry.host]);
    assert.equal(nobody.code, 4);
    assert.match(nobody.err, /docker login/);
    const wrong = await run(["repos", registry.host, "--username", "a", "--password-stdin"], { input: "b" });
    assert.equal(wrong.code, 4);
    assert.equal(registry.asked.length, 1, "a wrong password is not tried again");
  });

  test("is not asked at all with half a login, or by plain HTTP on another machine", async () => {
    await using registry = await guarded(basic);
    for (const args of [
      ["repos", registry.host, "--username", "ann"],
      ["repos", registry.host, "--password-stdin"],
      ["repos", "http://registry.example"],
      ["repos", "a b"],
    ]) {
      const { code, err } = await run(args);
      assert.equal(code, 2, err);
    }
    assert.deepEqual(registry.seen, []);
  });
});

/** A search path on which the programs that keep credentials are found first. */
function withHelpers(): string {
  return `${folder}${path.delimiter}${process.env["PATH"]}`;
}

async function helper(name: string, script: string): Promise<void> {
  const file = path.join(folder, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}
