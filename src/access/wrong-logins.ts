import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../errors.ts";

/** The wait after the first wrong login, and the longest, in milliseconds; each wrong one doubles it. */
const WAIT_MS = 250;
const WAIT_MS_MAX = 30_000;
/** How long wrong logins are remembered, in milliseconds. */
const REMEMBERED_MS = 15 * 60_000;
/** Users, and addresses, whose wrong logins are remembered. What was wrong longest ago goes first. */
const REMEMBERED_MAX = 10_000;
/** Wrong logins of an address that cost nothing more: many people may share one. */
const ADDRESS_FREE = 10;

type Wrong = { readonly count: number; readonly step: number; readonly last: number; until: number };

/** An attempt that has been let in. */
export type Attempt = { ended(isRight: boolean): void };

/**
 * Makes guessing slow. Who was wrong waits longer each time: per user and address, so that whoever guesses somebody's
 * password elsewhere does not keep them out; and per address, whatever the names.
 */
export class WrongLogins {
  readonly #wrong = new Map<string, Wrong>();
  readonly #now: () => number;
  readonly #sleep: (ms: number) => Promise<unknown>;

  constructor({
    now = Date.now,
    sleep = setTimeout,
  }: { now?: () => number; sleep?: (ms: number) => Promise<unknown> } = {}) {
    this.#now = now;
    this.#sleep = sleep;
  }

  /**
   * Resolves when it is the attempt's turn: those that wait have turns one after the other.
   * @throws TOOMANYREQUESTS when that would take too long
   */
  async admit(name: string, address: string): Promise<Attempt> {
    const keys = [`user ${name} at ${address}`, `at ${address}`];
    const wait = Math.max(...keys.map((key) => this.#turn(key)));
    if (wait > 2 * WAIT_MS_MAX) throw tooMany(wait);
    if (wait > 0) await this.#sleep(wait);
    return {
      ended: (isRight) => {
        const [user = "", place = ""] = keys;
        if (isRight) this.#wrong.delete(user);
        else {
          this.#count(user, 0);
          this.#count(place, ADDRESS_FREE);
        }
      },
    };
  }

  /** How long until there is a turn, which is taken. */
  #turn(key: string): number {
    const wrong = this.#wrong.get(key);
    const wait = (wrong?.until ?? 0) - this.#now();
    if (wrong && wait > 0 && wait <= 2 * WAIT_MS_MAX) wrong.until += wrong.step;
    return wait;
  }

  #count(key: string, free: number): void {
    const now = this.#now();
    const before = this.#wrong.get(key);
    const isRecent = before !== undefined && now - before.last < REMEMBERED_MS;
    const count = (isRecent ? before.count : 0) + 1;
    const over = count - free;
    const step = over > 0 ? Math.min(WAIT_MS * 2 ** (over - 1), WAIT_MS_MAX) : 0;
    const until = Math.max(now + step, isRecent ? before.until : 0);
    this.#wrong.delete(key);
    this.#wrong.set(key, { count, step, until, last: now });
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > 2 * REMEMBERED_MAX && oldest !== undefined) this.#wrong.delete(oldest);
  }
}

function tooMany(ms: number): RegistryError {
  const retryAfter = Math.ceil(ms / 1_000);
  return new RegistryError(
    "TOOMANYREQUESTS",
    `There were many wrong logins from there. Come back in ${retryAfter} seconds.`,
    { detail: { retryAfter } },
  );
}
