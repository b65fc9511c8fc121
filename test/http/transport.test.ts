import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import type { IncomingMessage, ServerResponse } from "node:http";
import { trustIn } from "../../src/http/came-from.ts";
import { readPair, watchPair, type Pair } from "../../src/http/certificate.ts";
import { stateOf } from "../../src/file-changes.ts";
import { Listener } from "../../src/http/listener.ts";
import { basic, bearer, TestAccess, tokenFor } from "../support/access.ts";
import { newPair } from "../support/certificate.ts";
import { expectAnswer, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const RULES = { rules: [{ allow: ["admin"], to: ["ann"], on: ["**"] }] };

/** The name in the certificate that a server shows. */
async function nameShown(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe("TLS", () => {
  test("is spoken with the certificate, and the challenge leads back by it", async () => {
    const pair = newPair("one");
    await using registry = await TestRegistry.open({ pair, access: await TestAccess.open(RULES, []) });
    const asked = request({
      host: "127.0.0.1",
      port: registry.port,
      path: "/v2/",
      ca: pair.cert,
      agent: false,
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 401);
    assert.match(String(answer.headers["www-authenticate"]), /realm="https:\/\/127\.0\.0\.1:\d+\/v2\//);
    assert.match(String(answer.headers["strict-transport-security"]), /^max-age=\d+$/);
    await assert.rejects(send(registry.host, "GET /v2/"));
  });

  test("goes on with another certificate when the files change, and keeps the one it has when they are broken", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-tls-"));
    const files = { cert: join(folder.path, "cert.pem"), key: join(folder.path, "key.pem") };
    const write = ({ cert, key }: Pair): void => {
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
    };
    const [first, second] = [newPair("first"), newPair("second")];
    write(first);
    const state = await stateOf([files.cert, files.key]);
    await using listener = await Listener.open({
      app: (_, response) => response.end(),
      listen: { host: "127.0.0.1", port: 0 },
      pair: await readPair(files),
      graceMs: 1_000,
      onCut: () => {},
    });
    const { port } = listener.address;
    assert.equal(await nameShown(port), "first");
    let [taken, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    using _ = watchPair(files, state, {
      changed: (pair) => {
        listener.renew(pair);
        taken.resolve();
      },
      refused: () => broken.resolve(),
      lookMs: 20,
    });
    writeFileSync(files.key, "no key");
    await broken.promise;
    assert.equal(await nameShown(port), "first");
    write(second);
    await taken.promise;
    assert.equal(await nameShown(port), "second");
    await assert.rejects(readPair({ cert: files.cert, key: files.cert }), { code: "CONFIG_INVALID" });
  });

  test("stopping lets what is running finish, and ends connections at rest and those that are not agreed on", async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
    const listener = await Listener.open({
      app: (asked, response) => (asked.url === "/held" ? resolve(response) : response.end()),
      listen: { host: "127.0.0.1", port: 0 },
      pair: newPair("one"),
      graceMs: 60_000,
      onCut: (requests) => assert.fail(`${requests} were cut`),
    });
    const to = { port: listener.address.port, host: "127.0.0.1" };
    const [silent, rested, held] = [
      connectPlain(to),
      connect({ ...to, rejectUnauthorized: false }),
      connect({ ...to, rejectUnauthorized: false }),
    ];
    rested.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(rested, "data");
    held.write("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    const response = await arrived;
    const ends = [once(silent, "close"), once(rested, "close")];
    const stopped = listener[Symbol.asyncDispose]();
    await Promise.all(ends);
    response.end("finished");
    assert.match(await text(held), /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n[^]*finished$/);
    await stopped;
  });
});

describe("what a proxy says of the client", () => {
  const forwarded = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "registry.example",
    "X-Forwarded-For": "1.1.1.1, 203.0.113.9, 127.0.0.1",
  };

  test("is believed where the proxy is trusted, and nowhere else", async () => {
    const access = await TestAccess.open(RULES, []);
    const trusts = trustIn(["127.0.0.0/8"]);
    await using behind = await TestRegistry.open({ access, trusts });
    await using open = await TestRegistry.open({ access });
    const realm = async ({ host }: TestRegistry): Promise<string> =>
      String((await send(host, "GET /v2/", { headers: forwarded })).headers["www-authenticate"]);
    assert.match(await realm(behind), /realm="https:\/\/registry\.example\/v2\//);
    assert.match(await realm(open), /realm="http:\/\/127\.0\.0\.1:\d+\/v2\//);
  });

  test("gives callers who are nobody addresses of their own, of which they cannot make one up", async () => {
    const trusts = trustIn(["127.0.0.1"]);
    await using registry = await TestRegistry.open({ trusts, rates: { list: { calls: 1, seconds: 60 } } });
    const from = async (chain: string): Promise<number> =>
      (await send(registry.host, "GET /v2/_catalog", { headers: { "X-Forwarded-For": chain } })).status;
    assert.equal(await from("203.0.113.9"), 200);
    assert.equal(await from("198.51.100.1, 203.0.113.9"), 429);
    assert.equal(await from("203.0.113.10"), 200);
  });
});

describe("rates", () => {
  test("are counted by caller and class, and a 429 says when to come back", async () => {
    const access = await TestAccess.open(
      { rules: [...RULES.rules, { allow: ["read"], to: ["anonymous"], on: ["**"] }] },
      ["ann"],
    );
    await using registry = await TestRegistry.open({
      access,
      rates: {
        list: { calls: 2, seconds: 60 },
        push: { calls: 1, seconds: 60 },
        login: { calls: 3, seconds: 60 },
      },
    });
    const { host } = registry;
    const catalog = "GET /v2/_supercargo/repositories";
    await expectAnswer(host, catalog, {
      status: 200,
      headers: { ratelimit: /^"list";r=1;t=\d+$/, "ratelimit-policy": '"list";q=2;w=60' },
    });
    await expectAnswer(host, catalog, { status: 200 });
    await expectAnswer(host, catalog, {
      status: 429,
      code: "TOOMANYREQUESTS",
      headers: { "retry-after": /^[1-9]\d*$/ },
    });
    // Another caller, and another class of the same one, have calls of their own.
    const headers = bearer(await tokenFor(host, "ann", []));
    await expectAnswer(host, catalog, { send: { headers }, status: 200 });
    await expectAnswer(host, "GET /v2/app/manifests/v1", { status: 404, headers: { ratelimit: undefined } });
    const upload = { send: { headers: basic("ann") } };
    await expectAnswer(host, "POST /v2/app/blobs/uploads/", { ...upload, status: 202 });
    await expectAnswer(host, "POST /v2/app/blobs/uploads/", { ...upload, status: 429 });
    for (const status of [200, 200, 429]) await expectAnswer(host, "GET /v2/_supercargo/token", { status });
    await expectAnswer(host, "GET /healthz", { status: 200 });
  });

  test("count who is refused by where they come from, whatever they ask for", async () => {
    const access = await TestAccess.open(RULES, ["ann"]);
    const rate = { calls: 2, seconds: 60 };
    const rates = { list: rate, pull: rate, push: rate, login: rate };
    await using registry = await TestRegistry.open({ access, rates });
    const { host } = registry;
    const lines = [
      "GET /v2/app/manifests/v1",
      "GET /v2/_supercargo/repositories",
      "POST /v2/app/blobs/uploads/",
      "GET /v2/",
    ];
    for (const line of lines) {
      await expectAnswer(host, line, { send: { headers: basic("ann", "wrong") }, status: 401 });
      await expectAnswer(host, line, { send: { headers: bearer("e30.e30.x") }, status: 401 });
      for (const headers of [basic("ann", "wrong"), bearer("e30.e30.x")])
        await expectAnswer(host, line, {
          send: { headers },
          status: 429,
          code: "TOOMANYREQUESTS",
          headers: { "retry-after": /^[1-9]\d*$/ },
        });
    }
    // Who they say they are has all calls that they may have.
    const headers = basic("ann");
    await expectAnswer(host, "GET /v2/app/manifests/v1", {
      send: { headers },
      status: 404,
      headers: { ratelimit: /^"pull";r=1;t=\d+$/ },
    });
  });

  test("are off unless they are set", async () => {
    await using registry = await TestRegistry.open();
    for (let n = 0; n < 50; n++)
      await expectAnswer(registry.host, "GET /v2/_catalog", {
        status: 200,
        headers: { ratelimit: undefined },
      });
  });
});
