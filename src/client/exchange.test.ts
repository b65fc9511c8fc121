import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { RegistryError } from "../errors.ts";
import { Exchange, type ExchangeOptions } from "./exchange.ts";

/** A server that answers as told, an exchange that sleeps no real time, and what it slept. */
async function scene(
  answering: (count: number, response: ServerResponse) => void,
  options: Partial<ExchangeOptions> = {},
): Promise<AsyncDisposable & { exchange: Exchange; url: URL; slept: number[]; count: () => number }> {
  let count = 0;
  const server = createServer((_, response) => answering(++count, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => void slept.push(ms);
  return {
    exchange: new Exchange({ concurrency: 2, sleep, ...options }),
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/x?y`),
    slept,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const isCode = (code: string) => (error: unknown) => error instanceof RegistryError && error.code === code;

test("not now is asked again as late as the registry says, in seconds or as a date", async () => {
  await using one = await scene((count, response) => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    if (count < 3) response.setHeader("Retry-After", count === 1 ? "7" : date);
    response.writeHead(count === 1 ? 429 : 503);
    if (count >= 3) response.statusCode = 200;
    response.end();
  });
  await one.exchange.send({ url: one.url, bytesMax: 9 }).catch(() => undefined);
  assert.equal(one.slept[0], 7000);
  assert.ok((one.slept[1] ?? 0) > 50_000 && (one.slept[1] ?? 0) <= 60_000, String(one.slept[1]));
});

test("not now without a time is asked again ever later, and then told", async () => {
  await using one = await scene((_, response) => response.writeHead(503).end());
  const answer = await one.exchange.send({ url: one.url, bytesMax: 9 });
  assert.equal(answer.status, 503);
  assert.equal(one.count(), 6);
  assert.ok(
    one.slept.every((ms, at) => ms >= 500 * 2 ** at && ms <= 625 * 2 ** at),
    one.slept.join(),
  );
});

test("a wait that nobody would wait for is told instead", async () => {
  await using one = await scene((_, response) => response.writeHead(429, { "Retry-After": "86400" }).end());
  await assert.rejects(one.exchange.send({ url: one.url, bytesMax: 9 }), isCode("TOOMANYREQUESTS"));
  assert.equal(one.count(), 1);
});

test("while a registry says not now, no other request goes out either", async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: asleep, resolve: fallAsleep } = Promise.withResolvers<void>();
  const sleep = (): Promise<void> => {
    fallAsleep();
    return over;
  };
  await using one = await scene((count, response) => response.writeHead(count === 1 ? 429 : 200).end(), {
    sleep,
  });
  const first = one.exchange.send({ url: one.url, bytesMax: 9 });
  await asleep;
  const second = one.exchange.send({ url: one.url, bytesMax: 9 });
  assert.equal(one.exchange.pauses, 1);
  assert.equal(one.exchange.sent, 1);
  end();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal(one.exchange.pauses, 0);
});

test("a connection that breaks is tried again, one that is refused is told at once", async () => {
  await using one = await scene((count, response) => {
    if (count === 1) response.socket?.destroy();
    else response.end("ok");
  });
  const answer = await one.exchange.send({ url: one.url, bytesMax: 9 });
  assert.equal(Buffer.from(answer.bytes).toString(), "ok");
  assert.equal(one.slept.length, 1);
  const nobody = await scene(() => undefined);
  await nobody[Symbol.asyncDispose]();
  await assert.rejects(nobody.exchange.send({ url: nobody.url, bytesMax: 9 }), isCode("UNAVAILABLE"));
  assert.deepEqual(nobody.slept, []);
});

test("no more requests are under way than may be", async () => {
  let running = 0;
  let most = 0;
  const open: ServerResponse[] = [];
  await using one = await scene((_, response) => {
    most = Math.max(most, ++running);
    open.push(response);
    if (open.length < 2) return;
    for (const each of open.splice(0)) {
      running--;
      each.end();
    }
  });
  await Promise.all(Array.from({ length: 6 }, () => one.exchange.send({ url: one.url, bytesMax: 9 })));
  assert.equal(most, 2);
});

test("an answer that is too large is not read", async () => {
  await using one = await scene((_, response) => {
    const forever = setInterval(() => response.write("x".repeat(1000)), 1);
    response.on("close", () => clearInterval(forever));
  });
  await assert.rejects(one.exchange.send({ url: one.url, bytesMax: 5000 }), isCode("SIZE_EXCEEDED"));
  assert.equal(one.count(), 1);
});

test("a server without TLS is told from none", async () => {
  await using one = await scene((_, response) => response.end());
  const url = new URL(`https://${one.url.host}/v2/`);
  await assert.rejects(one.exchange.send({ url, bytesMax: 9 }), /speak no TLS; --plain-http/);
});
