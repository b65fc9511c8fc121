import { createHmac, randomBytes } from "node:crypto";

/** How long somebody who was right is remembered, in milliseconds. */
const REMEMBERED_MS = 60 * 60_000;
/** How many of them; whoever was right longest ago goes first. */
const REMEMBERED_MAX = 10_000;
/**
 * Different passwords of one of them that are compared at once, and the time that is for, in milliseconds. Others there may
 * guess that many more than they could else: what NIST SP 800-63B, section 5.2.2, lets an account be tried in all.
 */
const TRIED_MAX = 100;
const TRIED_MS = 15 * 60_000;

type Place = { until: number; tried: Set<string>; triedUntil: number };

/** Who was right from where lately. They do not wait for what others do there. */
export class LatelyRight {
  readonly #places = new Map<string, Place>();
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Notes that somebody was right from there. */
  note(name: string, network: string): void {
    const key = keyOf(name, network);
    const place = this.#find(key) ?? { tried: new Set(), triedUntil: 0, until: 0 };
    place.until = this.#now() + REMEMBERED_MS;
    this.#places.delete(key);
    this.#places.set(key, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > REMEMBERED_MAX && oldest !== undefined) this.#places.delete(oldest);
  }

  has(name: string, network: string): boolean {
    return this.#find(keyOf(name, network)) !== undefined;
  }

  /**
   * True when a password may be compared with one that was right, before there is a turn for it. A program that goes on
   * with an old password takes nothing of that from others, as it is always the same one.
   */
  mayTry(name: string, network: string, password: string): boolean {
    const place = this.#find(keyOf(name, network));
    if (!place) return false;
    if (this.#now() >= place.triedUntil) {
      place.tried = new Set();
      place.triedUntil = this.#now() + TRIED_MS;
    }
    const told = createHmac("sha256", this.#key).update(password).digest("base64");
    if (place.tried.size <= TRIED_MAX) place.tried.add(told);
    return place.tried.size <= TRIED_MAX;
  }

  #find(key: string): Place | undefined {
    const place = this.#places.get(key);
    return place && this.#now() < place.until ? place : undefined;
  }
}

function keyOf(name: string, network: string): string {
  return `${name} at ${network}`;
}
