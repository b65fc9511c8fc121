import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { JetstreamSink } from "../../src/webhooks/jetstream-sink.ts";
import { reachOf } from "../../src/webhooks/reachable.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { TestRegistry } from "../support/registry.ts";
import { define, order, showOf } from "../support/webhooks.ts";

const ABSENT = spawnSync("nats-server", ["--version"]).error !== undefined;
const skip = ABSENT && process.env["CI"] !== "true" && "nats-server is not installed";

/** A NATS server with JetStream, on loopback, over a folder that goes when it does. */
class NatsServer implements AsyncDisposable {
  readonly #folder: string;
  #child: ReturnType<typeof spawn> | undefined;
  port = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<NatsServer> {
    const server = new NatsServer(await mkdtemp(join(tmpdir(), "supercargo-nats-")));
    await server.start();
    return server;
  }

  /** Starts it over what its folder holds, at the same port as before. */
  async start(): Promise<void> {
    const args = [
      "--jetstream",
      "--store_dir",
      this.#folder,
      "--addr",
      "127.0.0.1",
      "--port",
      String(this.port || -1),
    ];
    const child = spawn("nats-server", args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    for await (const line of createInterface(child.stderr)) {
      this.port ||= Number(/client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
      if (line.includes("Server is ready")) break;
    }
    child.stderr.resume();
  }

  /** It takes and answers nothing, and its connections stay. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    if (this.#child) await once(this.#child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** Makes the stream that the registry publishes to. */
async function withManager<T>(port: number, use: (manager: JetStreamManager) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  try {
    return await use(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

/** All messages of the stream: their subjects, and the events' subjects. */
function messagesAt(port: number): Promise<string[]> {
  return withManager(port, async (manager) => {
    const { state } = await manager.streams.info("events");
    const found: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const message = await manager.streams.getMessage("events", { seq });
      const { subject } = message?.json<{ subject?: string }>() ?? {};
      found.push(`${message?.subject} ${subject?.split("@")[0]}`);
    }
    return found;
  });
}

describe("NATS JetStream", { skip }, () => {
  test("that does not answer is left when it is time", async () => {
    await using nats = await NatsServer.open();
    await withManager(nats.port, (manager) =>
      manager.streams.add({ name: "events", subjects: ["registry.>"] }),
    );
    const definition = {
      url: `nats://127.0.0.1:${nats.port}/registry`,
      format: "structured",
      selector: {},
    } as const;
    const options = { name: "a", definition, source: "http://registry.test", reach: reachOf(["127.0.0.1"]) };
    await using sink = new JetstreamSink(options);
    assert.deepEqual(await sink.probe(AbortSignal.timeout(5_000)), { isTaken: true });
    nats.freeze();
    assert.deepEqual(await sink.probe(AbortSignal.timeout(100)), {
      isTaken: false,
      reason: "It was not done in time.",
    });
    nats.thaw();
    assert.deepEqual(await sink.probe(AbortSignal.timeout(5_000)), { isTaken: true });
  });

  test("has every event once and in order, through an outage and a replay", async () => {
    await using nats = await NatsServer.open();
    await using registry = await TestRegistry.open({ webhookBackoffMs: 5 });
    const push = (reference: string): Promise<unknown> =>
      pushManifest(registry.host, reference, manifestOf({ annotations: { reference } }));
    await define(registry, "queue", { url: `nats://127.0.0.1:${nats.port}/registry` });
    await push("a/b:v1");
    await waitFor("a stream to be missed", async () => (await showOf(registry, "queue")).failures > 0);
    await withManager(nats.port, (manager) =>
      manager.streams.add({ name: "events", subjects: ["registry.>"] }),
    );
    await waitFor("the first to be there", async () => (await messagesAt(nats.port)).length === 3);
    await nats.stop();
    await push("a/b:v2");
    await waitFor("an outage to be noticed", async () => (await showOf(registry, "queue")).failures > 0);
    await nats.start();
    const expected = [
      "registry.repository.created a/b",
      "registry.manifest.pushed a/b",
      "registry.tag.set a/b:v1",
      "registry.manifest.pushed a/b",
      "registry.tag.set a/b:v2",
    ];
    await waitFor(
      "the others to be there",
      async () => (await messagesAt(nats.port)).length === expected.length,
    );
    await order(registry, "queue", "replay?from=0");
    await waitFor("all to be told again", async () => (await showOf(registry, "queue")).lag.events === 0);
    assert.deepEqual(await messagesAt(nats.port), expected);
    assert.deepEqual(await order(registry, "queue", "test"), { taken: true });
    assert.equal((await messagesAt(nats.port)).at(-1), "registry.webhook.test undefined");
  });
});
