import { setTimeout } from "node:timers/promises";
import type { Revision } from "./catalog.ts";

/** How often the log is looked at by who waits for it, in milliseconds: hints of other nodes may get lost. */
const LOOK_MS = 1_000;

/** Tells those who wait for the log that it may have gone on. */
export class Changes {
  readonly #newest: () => Promise<Revision>;
  #next = Promise.withResolvers<void>();

  constructor(newest: () => Promise<Revision>) {
    this.#newest = newest;
  }

  /** The log may have gone on. */
  wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Resolves when the log has gone beyond a revision, soon after or a second later, or when the signal is aborted. */
  async past(after: Revision, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Taken before looking, so that nothing that happens meanwhile is missed.
      const { promise: next } = this.#next;
      if ((await this.#newest()) > after) return;
      using timer = new Timer(signal);
      await Promise.race([next, timer.ended]);
    }
  }
}

/** Ends by itself, by the signal, or when it is disposed of, whichever comes first; never rejects. */
class Timer implements Disposable {
  readonly #controller = new AbortController();
  readonly ended: Promise<void>;

  constructor(signal: AbortSignal) {
    const either = AbortSignal.any([signal, this.#controller.signal]);
    this.ended = setTimeout(LOOK_MS, undefined, { signal: either }).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#controller.abort();
  }
}
