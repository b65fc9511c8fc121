import type { Catalog, Revision } from "../catalog/catalog.ts";
import type { Webhook, Webhooks } from "../catalog/webhooks.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import {
  definitionOf,
  makeSecret,
  parseWebhookName,
  readDefinition,
  shownUrl,
  type Definition,
} from "./definition.ts";
import { openSink, type Origin } from "./open-sink.ts";
import { addressesOf } from "./reachable.ts";
import { DELIVERY_MS_MAX, type Outcome } from "./sink.ts";

/** Most webhooks of one registry. Each is a reader of the log. */
const WEBHOOKS_MAX = 1_000;

/** What there is to see of a webhook. */
export type Receiver = Omit<Definition, "secret"> & {
  readonly name: string;
  readonly isSigned: boolean;
  readonly webhook: Webhook;
  /** How far the receiver is behind the end of the log. */
  readonly lag: {
    readonly events: number;
    /** How long ago what it is to be told next has happened; absent when that is no longer known. */
    readonly seconds?: number;
  };
};

export type ReceiversOptions = {
  readonly webhooks: Webhooks;
  readonly catalog: Catalog;
  readonly origin: Origin;
  /** Told that webhooks have changed. */
  readonly changed: () => void;
};

/** What whoever runs the registry does with webhooks. */
export class Receivers {
  readonly #options: ReceiversOptions;

  constructor(options: ReceiversOptions) {
    this.#options = options;
  }

  /** By name. */
  async list(): Promise<Receiver[]> {
    const webhooks = await this.#options.webhooks.list();
    const { revision } = await this.#options.catalog.bounds();
    return Promise.all(webhooks.map((webhook) => this.#receiverOf(webhook, revision)));
  }

  /** `WEBHOOK_UNKNOWN`. */
  async find(name: string): Promise<Receiver> {
    const webhook = await this.#webhook(name);
    return this.#receiverOf(webhook, (await this.#options.catalog.bounds()).revision);
  }

  /**
   * Defines a webhook, from now on or from a revision. One that is there goes on where it is, or from a revision, and keeps
   * its secret unless there is another. Resolves with the secret if it was made here: it is shown this once.
   * @throws PARAMETER_INVALID; DENIED for one of the configuration
   */
  async put(
    text: string,
    value: unknown,
    from?: Revision,
  ): Promise<{ readonly isNew: boolean; readonly secret?: string }> {
    const { webhooks, catalog } = this.#options;
    const name = parseWebhookName(text);
    const definition = readDefinition(value);
    const before = await webhooks.find(name);
    if (before) requireOwn(before);
    else if ((await webhooks.list()).length >= WEBHOOKS_MAX) throw tooMany();
    await this.#requireReachable(definition);
    const made = definition.secret === undefined && !before ? makeSecret() : undefined;
    const kept = before && definitionOf(before).secret;
    const secret = definition.secret ?? made ?? kept;
    const whole = JSON.stringify({ ...definition, ...(secret !== undefined && { secret }) });
    const cursor = from ?? (await catalog.bounds()).revision;
    const isNew = await webhooks.put({ name, definition: whole, isConfigured: false }, cursor);
    if (!isNew && from !== undefined) await webhooks.steer(name, { paused: undefined, cursor: from });
    this.#options.changed();
    return { isNew, ...(made !== undefined && { secret: made }) };
  }

  /** `WEBHOOK_UNKNOWN`; DENIED for one of the configuration. */
  async remove(name: string): Promise<void> {
    requireOwn(await this.#webhook(name));
    await this.#options.webhooks.remove(name);
    this.#options.changed();
  }

  /** Nothing is sent until it is resumed. `WEBHOOK_UNKNOWN`. */
  pause(name: string, actor: string): Promise<void> {
    return this.#steer(name, { paused: `Paused by ${actor}.` });
  }

  /** Goes on where it was, and tries at once. `WEBHOOK_UNKNOWN`. */
  resume(name: string): Promise<void> {
    return this.#steer(name, { paused: undefined });
  }

  /** Goes on behind a revision, be it before or after where it was. `WEBHOOK_UNKNOWN`, `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
  async replay(name: string, cursor: Revision): Promise<void> {
    await this.#options.catalog.events({ after: cursor, limit: 1 });
    await this.#steer(name, { paused: undefined, cursor });
  }

  /** Sends a message that is about nothing, at once, and tells what became of it. `WEBHOOK_UNKNOWN`. */
  async test(name: string): Promise<Outcome> {
    const definition = definitionOf(await this.#webhook(name));
    await using sink = await openSink(name, definition, this.#options.origin);
    return await sink.probe(AbortSignal.timeout(DELIVERY_MS_MAX));
  }

  /** Has the webhooks of the configuration be there as they stand in it, and those that were in it before be gone. */
  async configure(configured: ReadonlyMap<string, Definition>): Promise<void> {
    const { webhooks, catalog } = this.#options;
    const before = new Map((await webhooks.list()).map((webhook) => [webhook.name, webhook]));
    const { revision } = await catalog.bounds();
    for (const [name, value] of configured) {
      const definition = JSON.stringify(value);
      const known = before.get(name);
      if (known?.isConfigured && known.definition === definition) continue;
      await webhooks.put({ name, definition, isConfigured: true }, revision);
    }
    for (const { name, isConfigured } of before.values()) {
      if (isConfigured && !configured.has(name)) await webhooks.remove(name);
    }
    this.#options.changed();
  }

  async #steer(name: string, to: Parameters<Webhooks["steer"]>[1]): Promise<void> {
    if (!(await this.#options.webhooks.steer(name, to))) throw unknown(name);
    this.#options.changed();
  }

  async #webhook(name: string): Promise<Webhook> {
    const webhook = await this.#options.webhooks.find(name);
    if (webhook) return webhook;
    throw unknown(name);
  }

  async #receiverOf(webhook: Webhook, revision: Revision): Promise<Receiver> {
    const { secret, ...definition } = definitionOf(webhook);
    const { cursor } = webhook.progress;
    const events = Math.max(revision - cursor, 0);
    const next = events === 0 ? undefined : await this.#timeAfter(cursor);
    const seconds = events === 0 ? 0 : next && Math.max(0, Date.now() - next.getTime()) / 1_000;
    return {
      ...definition,
      url: shownUrl(definition),
      name: webhook.name,
      isSigned: secret !== undefined,
      webhook,
      lag: { events, ...(seconds !== undefined && { seconds }) },
    };
  }

  async #timeAfter(cursor: Revision): Promise<Date | undefined> {
    try {
      return (await this.#options.catalog.events({ after: cursor, limit: 1 })).events[0]?.time;
    } catch {
      return undefined;
    }
  }

  /** A host that cannot be looked up now may be there later; one that is where nothing may be sent is refused. */
  async #requireReachable({ url }: Definition): Promise<void> {
    try {
      await addressesOf(new URL(url).hostname, this.#options.origin.reach);
    } catch (error) {
      if (error instanceof RegistryError) throw error;
    }
  }
}

function requireOwn({ name, isConfigured }: Webhook): void {
  if (!isConfigured) return;
  throw new RegistryError(
    "DENIED",
    `Webhook ${name} is defined in the configuration file; change it there.`,
    {
      detail: { webhook: name },
    },
  );
}

function unknown(name: string): RegistryError {
  return new RegistryError("WEBHOOK_UNKNOWN", `There is no webhook ${shown(name)}.`);
}

function tooMany(): RegistryError {
  return new RegistryError(
    "DENIED",
    `There are ${WEBHOOKS_MAX} webhooks already; remove one that is no longer needed.`,
  );
}
