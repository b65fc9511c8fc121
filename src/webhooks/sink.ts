import type { Event } from "../catalog/catalog.ts";
import type { Definition } from "./definition.ts";
import type { Reach } from "./reachable.ts";

/** What every sink is made of. */
export type SinkOptions = {
  /** What the webhook is called. */
  readonly name: string;
  readonly definition: Definition;
  /** Where clients reach the registry: the source of its events. */
  readonly source: string;
  readonly reach: Reach;
};

/** What became of a delivery. */
export type Outcome =
  | { readonly isTaken: true }
  | {
      readonly isTaken: false;
      /** A sentence on why. */
      readonly reason: string;
      /** How long the receiver wants to be left alone, in milliseconds. */
      readonly retryAfterMs?: number | undefined;
      /** The receiver wants nothing any more. */
      readonly isGone?: boolean;
    };

/**
 * Where events go. Each sink is a file: HTTP, NATS JetStream; another queue would be one more. It is called for one delivery
 * at a time, keeps nothing in mind between them but its connection, and may be called again with what it has been given
 * before.
 */
export interface Sink extends AsyncDisposable {
  /** The most events of one delivery. */
  readonly eventsMax: number;
  /** Hands over events, oldest first: `isTaken` when the receiver has them all. Never throws, and ends when told to. */
  deliver(events: readonly Event[], signal: AbortSignal): Promise<Outcome>;
  /** Sends a message that is about nothing, to find out whether it arrives. */
  probe(signal: AbortSignal): Promise<Outcome>;
}

/** How long one delivery may take, in milliseconds. */
export const DELIVERY_MS_MAX = 15_000;

export const TAKEN: Outcome = { isTaken: true };

/** Not taken, because of an error. */
export function refusedBy(error: unknown): Outcome {
  return { isTaken: false, reason: error instanceof Error ? error.message : String(error) };
}
