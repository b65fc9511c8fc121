import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { expectAnswer, jsonOf } from "../support/exchange.ts";

/** How often the log is read while clients work, in milliseconds. */
const READ_EVERY_MS = 10;
const EVENTS_PER_PAGE = 1_000;

type Event = { readonly id: string };

/** Reads the log as it grows, and holds the server to it: what was once read stays as it was, whatever happens. */
export class LogReader {
  readonly #seen: Event[] = [];

  get revision(): number {
    return this.#seen.length;
  }

  /** Reads on until a request fails. */
  async follow(host: string): Promise<never> {
    for (;;) {
      this.#seen.push(...(await this.#page(host, this.revision)));
      await delay(READ_EVERY_MS);
    }
  }

  /** Reads the log from its beginning: it begins with all that was seen, and has no gap. */
  async verify(host: string): Promise<void> {
    const log: Event[] = [];
    for (let page = await this.#page(host, 0); page.length > 0; page = await this.#page(host, log.length)) {
      log.push(...page);
    }
    assert.deepEqual(log.slice(0, this.revision), this.#seen, "events that were read before the crash");
    this.#seen.push(...log.slice(this.revision));
  }

  async #page(host: string, after: number): Promise<Event[]> {
    const request = `GET /v2/_supercargo/events?after=${after}&n=${EVENTS_PER_PAGE}`;
    const events = jsonOf(await expectAnswer(host, request, { status: 200 })) as Event[];
    events.forEach(({ id }, n) => assert.equal(Number(id), after + n + 1, "revisions grow by one"));
    return events;
  }
}
