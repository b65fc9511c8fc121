import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Socket, connect } from "node:net";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { RegistryError } from "../errors.ts";
import { Listener, type ListenerOptions } from "./listener.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  return Listener.open({
    app: answer,
    listen: LOOPBACK,
    graceMs: 60_000,
    onCut: (requests) => assert.fail(`${requests} were cut`),
    ...options,
  });
}

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.end("done");
}

async function connected({ address }: Listener): Promise<Socket> {
  const socket = connect(address.port, address.host);
  await once(socket, "connect");
  return socket;
}

/** An app whose requests wait until they are let go. */
function heldApp(): { app: ListenerOptions["app"]; arrived: Promise<ServerResponse> } {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  return { app: (_request, response) => resolve(response), arrived: promise };
}

test("stopping ends connections at rest at once, and those that have not sent a whole request", async () => {
  const listener = await open();
  const rested = await connected(listener);
  rested.write(REQUEST);
  await once(rested, "data");
  const silent = await connected(listener);
  const begun = await connected(listener);
  begun.write("GET / HT");
  // A request on another connection, sent later, has been read: so has the beginning of this one.
  rested.write(REQUEST);
  await once(rested, "data");
  const ends = [once(rested, "close"), once(silent, "close"), once(begun, "close")];
  await listener[Symbol.asyncDispose]();
  await Promise.all(ends);
});

test("stopping lets a running request finish, announces the end of its connection, and takes no other", async () => {
  const { app, arrived } = heldApp();
  const listener = await open({ app });
  const { address } = listener;
  const client = await connected(listener);
  client.write(REQUEST);
  const response = await arrived;
  assert.equal(listener.running, 1);
  const stopped = listener[Symbol.asyncDispose]();
  const [late] = await once(connect(address.port, address.host), "error");
  assert.equal(late.code, "ECONNREFUSED");
  response.end("finished");
  const received = await text(client);
  await stopped;
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/);
  assert.match(received, /finished/);
  assert.equal(listener.running, 0);
});

test("an answer whose head was out before the stop arrives whole, then its connection ends", async () => {
  const { app, arrived } = heldApp();
  const listener = await open({ app });
  const client = await connected(listener);
  client.write(REQUEST);
  const response = await arrived;
  response.write("first ");
  await once(client, "readable");
  const stopped = listener[Symbol.asyncDispose]();
  response.end("last");
  assert.match(await text(client), /first [^]*last[^]*\r\n0\r\n\r\n$/);
  await stopped;
});

test("what is not finished within the grace is cut off, and counted", async () => {
  const { app, arrived } = heldApp();
  let cut = 0;
  const listener = await open({ app, graceMs: 1, onCut: (requests) => (cut += requests) });
  const client = await connected(listener);
  client.on("error", () => undefined);
  client.write(REQUEST);
  await arrived;
  await Promise.all([once(client, "close"), listener[Symbol.asyncDispose]()]);
  assert.equal(cut, 1);
});

test("a head of more than 16 KiB is answered 431", async () => {
  await using listener = await open();
  const client = await connected(listener);
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`);
  assert.match(await text(client), /^HTTP\/1\.1 431 /);
});

test("what is no HTTP is answered 400, and the server goes on", async () => {
  await using listener = await open();
  const client = await connected(listener);
  client.write("\u0000nonsense\r\n\r\n");
  assert.match(await text(client), /^HTTP\/1\.1 400 /);
  const next = await connected(listener);
  next.write(REQUEST);
  assert.match(String(await once(next, "data")), /^HTTP\/1\.1 200 /);
});

test("an address that is taken is ADDRESS_IN_USE, naming it and the way out", async () => {
  await using first = await open();
  const second = open({ listen: first.address });
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof RegistryError && error.code === "ADDRESS_IN_USE");
    assert.ok(error.message.includes(`127.0.0.1:${first.address.port}`), error.message);
    assert.match(error.message, /--listen/);
    return true;
  });
});

test("an address of another machine is CONFIG_INVALID", async () => {
  // Of the block that RFC 5737 keeps for documentation, so it is nobody's.
  const refused = open({ listen: { host: "192.0.2.1", port: 0 } });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof RegistryError && error.code === "CONFIG_INVALID");
    assert.match(error.message, /192\.0\.2\.1:0.*--listen/);
    return true;
  });
});
