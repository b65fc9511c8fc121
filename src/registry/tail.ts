import { setImmediate } from "node:timers/promises";
import type { Catalog, Event, EventPage, Revision } from "../catalog/catalog.ts";

/** Newest events kept in memory. Each takes some 500 bytes; who is behind them reads the catalog. */
const EVENTS_KEPT = 10_000;
/** Events read from the catalog at a time. */
const EVENTS_PER_READ = 1_000;
/** After a failure of the catalog it is asked again after so long, in milliseconds. */
const RETRY_MS = 1_000;

/** How long the log is read on when nobody waits any more, in milliseconds. */
const LINGER_MS = 10_000;

/** For what somebody waits who has been told all up to a revision. */
export type Waiting = {
  /** True of events that end the wait. */
  readonly isMeant: (event: Event) => boolean;
  /** How long to wait at the most, in milliseconds. */
  readonly ms: number;
  readonly signal: AbortSignal;
};

/** How a wait has ended: up to `at` there is nothing that is meant; `isOver` when its time was. */
export type Waited = { readonly at: Revision; readonly isOver: boolean };

type Waiter = {
  at: Revision;
  readonly isMeant: Waiting["isMeant"];
  readonly leave: (isOver?: boolean) => void;
};

/**
 * The end of the log, read once for all who follow it: however many watch, a write costs one read. Nothing is kept for any
 * of them; each has a place in the log and comes for what is behind it when it can.
 */
export class Tail implements Disposable {
  readonly catalog: Catalog;
  /** Events without a gap; the first has the revision behind `#start`. */
  #events: Event[] = [];
  #start: Revision | undefined;
  readonly #waiting = new Set<Waiter>();
  #following: AbortController | undefined;
  #leaving: NodeJS.Timeout | undefined;

  constructor(catalog: Catalog) {
    this.catalog = catalog;
  }

  /**
   * Events after a revision, oldest first, and where the log ends. Whoever reads page by page, and means none of it, lets
   * others have their turn in between. `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
   */
  async read(after: Revision, limit: number): Promise<EventPage> {
    // What is in memory, or in a database of this process, is there without waiting for anything.
    await setImmediate();
    const start = this.#start;
    if (start === undefined || after < start || after >= start + this.#events.length) {
      return this.catalog.events({ after, limit });
    }
    const events = this.#events.slice(after - start, after - start + limit);
    return { revision: start + this.#events.length, events };
  }

  /**
   * Waits for something that is meant, behind a revision: until it is there, time is over, all are woken, or the signal is
   * aborted. Whoever means something else is passed over: so a write among ten thousand watchers costs a look for each.
   */
  past(after: Revision, { isMeant, ms, signal }: Waiting): Promise<Waited> {
    return new Promise((resolve) => {
      const onAbort = (): void => waiter.leave();
      const waiter: Waiter = {
        at: after,
        isMeant,
        leave: (isOver = false) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          this.#waiting.delete(waiter);
          if (this.#waiting.size === 0) this.#stopSoon();
          resolve({ at: waiter.at, isOver });
        },
      };
      const timer = setTimeout(() => waiter.leave(true), ms);
      this.#waiting.add(waiter);
      clearTimeout(this.#leaving);
      if (signal.aborted) return waiter.leave();
      signal.addEventListener("abort", onAbort);
      this.#tell(waiter);
      if (!this.#following) this.#follow();
    });
  }

  /** Has everybody who waits look again: what they may see may have changed. */
  wake(): void {
    for (const { leave } of this.#waiting) leave();
  }

  [Symbol.dispose](): void {
    this.wake();
    this.#stop();
  }

  get #newest(): Revision {
    return this.#start === undefined ? -1 : this.#start + this.#events.length;
  }

  /** Not at once: those who were woken come back when they have told what they found. */
  #stopSoon(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#stop(), LINGER_MS).unref();
  }

  #stop(): void {
    clearTimeout(this.#leaving);
    this.#following?.abort();
    this.#following = undefined;
    // While nobody follows, the log goes on without being read.
    this.#start = undefined;
    this.#events = [];
  }

  #follow(): void {
    const controller = new AbortController();
    this.#following = controller;
    const { signal } = controller;
    const run = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          await this.#readOn(signal);
        } catch {
          // Whoever waits finds out by reading, and the next attempt begins anew.
          this.#start = undefined;
          this.#events = [];
          this.wake();
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
        }
      }
    };
    void run();
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    if (this.#start === undefined) {
      const { revision } = await this.catalog.bounds();
      if (signal.aborted) return;
      [this.#start, this.#events] = [revision, []];
      for (const waiter of this.#waiting) this.#tell(waiter);
    }
    const newest = this.#newest;
    await this.catalog.changed(newest, signal);
    if (signal.aborted) return;
    const { events } = await this.catalog.events({ after: newest, limit: EVENTS_PER_READ });
    if (signal.aborted) return;
    this.#events.push(...events);
    const excess = this.#events.length - EVENTS_KEPT;
    // In large pieces: to move all others for each event would take longer than to read it.
    if (excess > EVENTS_PER_READ) {
      this.#events = this.#events.slice(excess);
      this.#start += excess;
    }
    for (const waiter of this.#waiting) this.#tell(waiter);
  }

  /** Wakes somebody whose events are there, or who is so far behind that only the catalog knows. */
  #tell(waiter: Waiter): void {
    const start = this.#start;
    if (start === undefined || waiter.at >= this.#newest) return;
    if (waiter.at < start) return waiter.leave();
    for (let at = waiter.at - start; at < this.#events.length; at++) {
      const event = this.#events[at];
      if (event && waiter.isMeant(event)) return waiter.leave();
      waiter.at = start + at + 1;
    }
  }
}
