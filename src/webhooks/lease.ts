import { randomUUID } from "node:crypto";
import type { Lease as Seen, Webhooks } from "../catalog/webhooks.ts";

/** How often who holds the lease says so, and after what time without a word another may take it; in milliseconds. */
const BEAT_MS = 3_000;
const LOST_MS = 10_000;

/**
 * Has one of several nodes deliver. Each goes by how long it has itself seen nothing new from the holder, so that clocks
 * need not agree. A holder that could not beat in time stops by itself before another begins.
 */
export class Lease {
  /** What this node is called while it runs. */
  readonly holder = randomUUID();
  readonly #webhooks: Webhooks;
  readonly #now: () => number;
  #seen: Seen | undefined;
  #seenAt = -Infinity;
  #beatenAt = -Infinity;

  constructor(webhooks: Webhooks, now: () => number = () => performance.now()) {
    this.#webhooks = webhooks;
    this.#now = now;
  }

  /** True while no other node can have taken it. */
  get isHeld(): boolean {
    return this.#now() - this.#beatenAt < LOST_MS - BEAT_MS;
  }

  /** Takes the lease if it can be had, and keeps it if it is held. To be called every second or so. */
  async keep(): Promise<void> {
    const now = this.#now();
    if (this.isHeld && now - this.#beatenAt < BEAT_MS) return;
    const seen = await this.#webhooks.lease();
    if (this.#seen === undefined || seen?.holder !== this.#seen.holder || seen.beat !== this.#seen.beat) {
      [this.#seen, this.#seenAt] = [seen, now];
    }
    const isFree = seen === undefined || seen.holder === "" || seen.holder === this.holder;
    if (!isFree && now - this.#seenAt < LOST_MS) return;
    if (await this.#webhooks.take(this.holder, seen)) this.#beatenAt = now;
  }

  /** Lets another node have it at once. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.#beatenAt = -Infinity;
    const seen = await this.#webhooks.lease();
    if (seen?.holder === this.holder) await this.#webhooks.take("", seen);
  }
}
