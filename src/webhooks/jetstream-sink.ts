import { jetstream, type JetStreamClient } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import type { Event } from "../catalog/catalog.ts";
import { cloudEvent } from "../registry/cloud-event.ts";
import { cursorBehind } from "../registry/cursor.ts";
import { probeOf } from "./payload.ts";
import { addressesOf } from "./reachable.ts";
import { DELIVERY_MS_MAX, refusedBy, TAKEN, type Outcome, type Sink, type SinkOptions } from "./sink.ts";

/** Events handed over before the cursor may move. */
const EVENTS_PER_DELIVERY = 100;
/** How long a connection may take to be made, in milliseconds. */
const CONNECT_MS_MAX = 2_000;
const DEFAULT_PORT = "4222";

type Line = { readonly connection: NatsConnection; readonly client: JetStreamClient };

/**
 * Publishes each event to a JetStream stream, as a CloudEvent at `SUBJECT.<type>`, and goes on when the stream has it. The
 * id of a message is that of its event, so that what is published twice within the stream's window is kept once.
 */
export class JetstreamSink implements Sink {
  readonly eventsMax = EVENTS_PER_DELIVERY;
  readonly #options: SinkOptions;
  readonly #url: URL;
  #line: Line | undefined;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#url = new URL(options.definition.url);
  }

  async deliver(events: readonly Event[], signal: AbortSignal): Promise<Outcome> {
    return this.#within(signal, async (client) => {
      // One after the other: if one is lost, those behind it must not be there before it.
      for (const event of events) {
        signal.throwIfAborted();
        const cursor = cursorBehind(event, undefined);
        const body = JSON.stringify(cloudEvent(event, this.#options.source, cursor));
        await this.#publish(client, { type: event.type, id: cursor, body });
      }
    });
  }

  probe(signal: AbortSignal): Promise<Outcome> {
    return this.#within(signal, async (client) => {
      const { id, body } = probeOf("structured", this.#options);
      await this.#publish(client, { type: "webhook.test", id, body });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    await line?.connection.close().catch(() => undefined);
  }

  /** Given up when the signal is aborted, whatever the server does: what waits for an answer fails when its line is closed. */
  async #within(signal: AbortSignal, publish: (client: JetStreamClient) => Promise<void>): Promise<Outcome> {
    const aborted = Promise.withResolvers<never>();
    const giveUp = (): void => aborted.reject(new Error("It was not done in time."));
    signal.addEventListener("abort", giveUp);
    aborted.promise.catch(() => undefined);
    try {
      signal.throwIfAborted();
      this.#line ??= await this.#connect();
      await Promise.race([publish(this.#line.client), aborted.promise]);
      return TAKEN;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      return refusedBy(error);
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async #publish(
    client: JetStreamClient,
    { type, id, body }: { readonly type: string; readonly id: string; readonly body: string },
  ): Promise<void> {
    const about = headers();
    about.set("content-type", "application/cloudevents+json");
    const subject = `${this.#url.pathname.slice(1)}.${type}`;
    await client.publish(subject, body, { msgID: id, headers: about, timeout: DELIVERY_MS_MAX });
  }

  async #connect(): Promise<Line> {
    const { hostname, port, username, password } = this.#url;
    const [{ address, family }] = await addressesOf(hostname, this.#options.reach);
    const connection = await connect({
      servers: `${family === 6 ? `[${address}]` : address}:${port || DEFAULT_PORT}`,
      name: "supercargo",
      reconnect: false,
      timeout: CONNECT_MS_MAX,
      // Others of a cluster may be anywhere.
      ignoreClusterUpdates: true,
      ...(username !== "" && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    });
    return { connection, client: jetstream(connection) };
  }
}
