import type { Webhook, Webhooks } from "../catalog/webhooks.ts";
import type { Tail } from "../registry/tail.ts";
import { definitionOf, selectorOf } from "./definition.ts";
import { deliver } from "./delivery.ts";
import { Lease } from "./lease.ts";
import { openSink, type Origin } from "./open-sink.ts";
import type { Outcome } from "./sink.ts";

/** How often it is looked whether webhooks have changed, in milliseconds: other nodes change them too. */
const LOOK_MS = 1_000;

export type DeliveriesOptions = {
  readonly webhooks: Webhooks;
  readonly tail: Tail;
  readonly origin: Origin;
  /** Told of every attempt. */
  readonly attempted: (name: string, outcome: Outcome, events: number) => void;
  /** Told when something keeps events from being delivered that is not the receiver. */
  readonly failed: (error: unknown) => void;
  /** The first wait after a failure, if not as long as usual, in milliseconds. */
  readonly backoffMs?: number | undefined;
};

type Running = { readonly generation: number; readonly stop: () => Promise<void> };

/** Delivers to all webhooks, each at its own pace, as long as this node is the one that does. */
export class Deliveries implements AsyncDisposable {
  readonly #options: DeliveriesOptions;
  readonly #lease: Lease;
  readonly #running = new Map<string, Running>();
  readonly #ended = new AbortController();
  readonly #done: Promise<void>;
  #look = Promise.withResolvers<void>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#lease = new Lease(options.webhooks);
    this.#done = this.#run();
  }

  /** Webhooks have changed: looks at once. */
  wake(): void {
    this.#look.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.wake();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#look = Promise.withResolvers();
      const timer = setTimeout(() => this.wake(), LOOK_MS);
      try {
        await this.#match(await this.#options.webhooks.list());
      } catch (error) {
        this.#options.failed(error);
      }
      await this.#look.promise;
      clearTimeout(timer);
    }
    await this.#match([]);
    await this.#lease.release().catch(this.#options.failed);
  }

  /** Has those run that should, as they are defined now, and no other. */
  async #match(all: readonly Webhook[]): Promise<void> {
    const active = all.filter(({ progress }) => progress.paused === undefined);
    if (active.length > 0) await this.#lease.keep();
    const wanted = new Map(this.#lease.isHeld ? active.map((one) => [one.name, one]) : []);
    const others = [...this.#running].filter(
      ([name, one]) => wanted.get(name)?.generation !== one.generation,
    );
    for (const [name] of others) this.#running.delete(name);
    await Promise.all(others.map(([, { stop }]) => stop()));
    // What was noted by the deliveries that have just ended counts.
    for (const name of wanted.keys()) {
      const webhook = this.#running.has(name) ? undefined : await this.#options.webhooks.find(name);
      if (webhook && webhook.progress.paused === undefined) this.#start(webhook);
    }
  }

  #start(webhook: Webhook): void {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      try {
        await this.#deliver(webhook, controller.signal);
      } catch (error) {
        if (!controller.signal.aborted) this.#options.failed(error);
      }
      // What has ended by itself begins anew when it is looked next, unless it is paused.
      if (!controller.signal.aborted) this.#running.delete(webhook.name);
    };
    const done = run();
    const stop = async (): Promise<void> => {
      controller.abort();
      await done;
    };
    this.#running.set(webhook.name, { generation: webhook.generation, stop });
  }

  async #deliver(webhook: Webhook, signal: AbortSignal): Promise<void> {
    const { name, generation, progress } = webhook;
    const { webhooks, tail, origin, attempted, backoffMs } = this.#options;
    const definition = definitionOf(webhook);
    await using sink = await openSink(name, definition, origin);
    const by = { generation, holder: this.#lease.holder };
    await deliver({
      tail,
      sink,
      selector: selectorOf(definition),
      progress,
      note: (made) => webhooks.note(name, by, made),
      attempted: (outcome, events) => attempted(name, outcome, events),
      isHeld: () => this.#lease.isHeld,
      signal,
      backoffMs,
    });
  }
}
