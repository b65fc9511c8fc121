import type { Event, Revision } from "../catalog/catalog.ts";
import type { Progress } from "../catalog/webhooks.ts";
import { RegistryError } from "../errors.ts";
import { selects, type EventSelector } from "../registry/event-selector.ts";
import type { Tail } from "../registry/tail.ts";
import { DELIVERY_MS_MAX, type Outcome, type Sink } from "./sink.ts";

const EVENTS_PER_READ = 1_000;
/** How long progress may go unnoted, in milliseconds: so much is told again after a crash. */
const NOTE_MS = 1_000;
/** How long a delivery that is under way may take when it is to stop, in milliseconds: less than another node waits. */
const LAST_MS_MAX = 2_000;
/** The first wait after a failure, and the longest, in milliseconds. Each further one is twice as long, less up to a half. */
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 300_000;

export type DeliveryOptions = {
  readonly tail: Tail;
  readonly sink: Sink;
  readonly selector: EventSelector;
  readonly progress: Progress;
  /** Notes how far it is; false when the delivery is no longer this one's. */
  readonly note: (progress: Progress) => Promise<boolean>;
  /** Told of every attempt, and how many events it was about. */
  readonly attempted: (outcome: Outcome, events: number) => void;
  /** False when another node may deliver instead, whatever keeps this one from being told. */
  readonly isHeld: () => boolean;
  readonly signal: AbortSignal;
  /** The first wait after a failure, if not as long as usual, in milliseconds. */
  readonly backoffMs?: number | undefined;
};

/**
 * Tells one receiver of events: in the order of the log, each again until it is taken, none left out. Ends when the signal
 * is aborted, when the receiver wants no more, or when what it has missed is no longer kept, which pauses the webhook.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const delivery = new Delivery(options);
  try {
    await delivery.run();
  } finally {
    // So that whoever goes on tells nothing twice that can be helped.
    await delivery.note();
  }
}

class Delivery {
  readonly #options: DeliveryOptions;
  #progress: Progress;
  #noted: Progress;
  #notedAt = performance.now();
  #isOver = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#progress = this.#noted = options.progress;
  }

  async run(): Promise<void> {
    while (this.#goesOn) {
      const page = await this.#read();
      if (page === undefined) return;
      if (page.length === 0) await this.#wait();
      for (const events of deliveriesOf(page, this.#options)) await this.#handOver(events);
      const last = page.at(-1);
      if (last && this.#goesOn) this.#advance(last.revision);
      await this.#noteInTime();
    }
  }

  /** Notes how far it is, if that is not noted yet. */
  async note(): Promise<void> {
    if (this.#progress === this.#noted) return;
    [this.#noted, this.#notedAt] = [this.#progress, performance.now()];
    if (!(await this.#options.note(this.#progress))) this.#isOver = true;
  }

  get #goesOn(): boolean {
    const { isHeld, signal } = this.#options;
    return !this.#isOver && !signal.aborted && isHeld();
  }

  /** What comes next in the log; `undefined` when that is no longer kept. */
  async #read(): Promise<readonly Event[] | undefined> {
    try {
      const { events } = await this.#options.tail.read(this.#progress.cursor, EVENTS_PER_READ);
      return events.length < EVENTS_PER_READ ? events : wholeWrites(events);
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.code.startsWith("REVISION_")) throw error;
      const reason = `${error.message} Bring the receiver up to date, then replay from a revision that is kept.`;
      await this.#pause(reason);
      return undefined;
    }
  }

  async #wait(): Promise<void> {
    const { tail, selector, signal } = this.#options;
    const isMeant = (event: Event): boolean => selects(selector, event);
    const { at } = await tail.past(this.#progress.cursor, { isMeant, ms: NOTE_MS, signal });
    if (at > this.#progress.cursor) this.#advance(at);
  }

  /** Until they are taken. */
  async #handOver(events: readonly Event[]): Promise<void> {
    const { sink, signal, attempted } = this.#options;
    await this.#untilRetry();
    while (this.#goesOn) {
      using limit = new Limit(signal);
      const outcome = await sink.deliver(events, limit.signal);
      // Whether it was taken is not known; it will be told again.
      if (!outcome.isTaken && signal.aborted) return;
      attempted(outcome, events.length);
      if (outcome.isTaken) {
        const last = events.at(-1)?.revision ?? this.#progress.cursor;
        this.#progress = {
          ...this.#progress,
          cursor: last,
          failures: 0,
          retry: undefined,
          delivered: new Date(),
        };
        return this.#noteInTime();
      }
      await this.#failed(outcome);
    }
  }

  async #failed({ reason, retryAfterMs = 0, isGone }: Exclude<Outcome, { isTaken: true }>): Promise<void> {
    const { failures: before } = this.#progress;
    const { backoffMs = BACKOFF_MS } = this.#options;
    const backoff = Math.min(backoffMs * 2 ** before, BACKOFF_MS_MAX) * (1 - Math.random() / 2);
    const retry = new Date(Date.now() + Math.max(backoff, retryAfterMs));
    const error = { reason, time: new Date() };
    this.#progress = { ...this.#progress, failures: before + 1, error, retry };
    if (isGone) return this.#pause(`The receiver wants no more: ${reason}`);
    await this.note();
    await this.#untilRetry();
  }

  async #pause(paused: string): Promise<void> {
    this.#progress = { ...this.#progress, paused, retry: undefined };
    await this.note();
    this.#isOver = true;
  }

  /** Waits as long as the last failure says, whoever met with it. */
  async #untilRetry(): Promise<void> {
    const { signal } = this.#options;
    const ms = (this.#progress.retry?.getTime() ?? 0) - Date.now();
    if (ms <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  #advance(cursor: Revision): void {
    this.#progress = { ...this.#progress, cursor };
  }

  async #noteInTime(): Promise<void> {
    if (performance.now() - this.#notedAt >= NOTE_MS) await this.note();
  }
}

/** Without the events of the last write, whose others are on the next page; all of them if they are of one write. */
function wholeWrites(events: readonly Event[]): readonly Event[] {
  const last = events.at(-1)?.requestId;
  const end = events.findLastIndex(({ requestId }) => requestId !== last) + 1;
  return end === 0 ? events : events.slice(0, end);
}

/** What is meant of a page, as deliveries: as many events as a sink takes at once, those of a write together if they fit. */
function* deliveriesOf(
  page: readonly Event[],
  { sink: { eventsMax }, selector }: Pick<DeliveryOptions, "sink" | "selector">,
): Generator<readonly Event[]> {
  const meant = page.filter((event) => selects(selector, event));
  for (let start = 0; start < meant.length;) {
    const some = meant.slice(start, start + eventsMax);
    const isCut = meant[start + some.length]?.requestId === some.at(-1)?.requestId;
    const events = isCut ? wholeWrites(some) : some;
    yield events;
    start += events.length;
  }
}

/** Aborted when a delivery has taken too long, or is to stop and was given a little time to end. */
class Limit implements Disposable {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal;
  readonly #onStop: () => void;
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    this.#onStop = () => {
      this.#timer = setTimeout(() => this.#controller.abort(), LAST_MS_MAX);
    };
    stop.addEventListener("abort", this.#onStop);
    this.signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(DELIVERY_MS_MAX)]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener("abort", this.#onStop);
  }
}
