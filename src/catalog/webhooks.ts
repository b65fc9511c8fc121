import type { Revision } from "./catalog.ts";

/** Somebody who is told of events, and how far they have been told. */
export type Webhook = {
  readonly name: string;
  /** What it is, as JSON that whoever defines it understands. It may hold secrets. */
  readonly definition: string;
  /** It is in the configuration, and is defined there. */
  readonly isConfigured: boolean;
  readonly created: Date;
  /** Grows with everything that people change of it. */
  readonly generation: number;
  readonly progress: Progress;
};

/** How far a receiver has been told, and how it went. */
export type Progress = {
  /** All up to here has been taken. */
  readonly cursor: Revision;
  /** Why nothing is sent; absent: something is. */
  readonly paused?: string | undefined;
  /** Attempts in a row that came to nothing. */
  readonly failures: number;
  /** What went wrong last, and when. It stays when things go well again. */
  readonly error?: { readonly reason: string; readonly time: Date } | undefined;
  /** Not to be tried before this time. */
  readonly retry?: Date | undefined;
  /** When something was taken last. */
  readonly delivered?: Date | undefined;
};

/** Who holds a lease, and a number that grows while they do. */
export type Lease = { readonly holder: string; readonly beat: number };

/** Where webhooks are kept. Several nodes may have it open at the same time, and each sees what others have written. */
export interface Webhooks {
  /** By name, in bytewise order. */
  list(): Promise<readonly Webhook[]>;
  find(name: string): Promise<Webhook | undefined>;
  /** Defines a webhook. One that is there already keeps its progress. Resolves with whether it is new. */
  put(webhook: Pick<Webhook, "name" | "definition" | "isConfigured">, cursor: Revision): Promise<boolean>;
  /** False when there is none. */
  remove(name: string): Promise<boolean>;
  /** Pauses it, has it go on (`undefined`), or has it begin elsewhere, by the word of a person. False when there is none. */
  steer(
    name: string,
    to: { readonly paused: string | undefined; readonly cursor?: Revision },
  ): Promise<boolean>;
  /**
   * Notes progress, if `holder` has the lease and nobody has had the webhook begin elsewhere since this generation; else
   * false. Where people have changed other things since, only how far it is.
   */
  note(
    name: string,
    by: { readonly generation: number; readonly holder: string },
    progress: Progress,
  ): Promise<boolean>;

  /** Who delivers; `undefined` when nobody ever has. */
  lease(): Promise<Lease | undefined>;
  /** Takes the lease from whoever was seen to hold it, or beats once more. False when it is no longer as it was seen. */
  take(holder: string, seen: Lease | undefined): Promise<boolean>;
}
