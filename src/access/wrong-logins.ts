import { hash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../errors.ts";

/** The wait after the first wrong login, and the longest, in milliseconds; each wrong one doubles it. */
const WAIT_MS = 250;
const WAIT_MS_MAX = 30_000;
/** The longest that an attempt waits in all, in milliseconds. */
const LINE_MS_MAX = 2 * WAIT_MS_MAX;
/** How long wrong logins are remembered, in milliseconds. */
const REMEMBERED_MS = 15 * 60_000;
/** Users, and addresses, whose wrong logins are remembered. What was wrong longest ago goes first. */
const REMEMBERED_MAX = 10_000;
/** Wrong logins of an address that cost nothing more: many people may share one. */
const ADDRESS_FREE = 10;
/** Attempts of an address, and of a user there, that wait or are looked at. */
const RUNNING_MAX = 64;
/** When to come back where there are more, in milliseconds. */
const CROWDED_MS = 1_000;
/** Longer names are remembered by their digest, in UTF-16 units. */
const NAME_LENGTH_MAX = 100;

type Wrong = { readonly count: number; readonly step: number; readonly last: number; until: number };

/** What counts together, and how many wrong ones of it cost nothing. */
type Kind = { readonly key: string; readonly free: number };

/** An attempt that has been let in. It is over when it is disposed of. */
export type Attempt = Disposable & {
  /**
   * Asked when the password's turn to be looked at has come: others may have been wrong while it waited for that.
   * @throws TOOMANYREQUESTS when so many were that it would have to wait now
   */
  readonly mayGoOn: () => void;
  readonly ended: (isRight: boolean) => void;
};

/**
 * Makes guessing slow. Who was wrong waits longer each time: per user and address, so that whoever guesses somebody's
 * password elsewhere does not keep them out; and per address, whatever the names.
 */
export class WrongLogins {
  readonly #wrong = new Map<string, Wrong>();
  readonly #running = new Map<string, number>();
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
   * Resolves when it is the attempt's turn: those that wait have turns one after the other. Who was right from there
   * lately does not wait for what others do there.
   * @throws TOOMANYREQUESTS when that would take too long, or too many wait
   */
  async admit(
    name: string,
    address: string,
    { wasRight = false }: { readonly wasRight?: boolean } = {},
  ): Promise<Attempt> {
    const short = name.length <= NAME_LENGTH_MAX ? name : hash("sha256", name);
    const user: Kind = { key: `user ${short} at ${address}`, free: 0 };
    const place: Kind = { key: `at ${address}`, free: ADDRESS_FREE };
    const asked: [Kind, ...Kind[]] = wasRight ? [user] : [user, place];
    if (asked.some(({ key }) => this.#runningOf(key) >= RUNNING_MAX)) throw tooMany(CROWDED_MS);
    using running = this.#begin(asked);
    await this.#waitForTurn(asked);
    const release = running.move();
    const before = asked.map((kind) => ({ ...kind, count: this.#countOf(kind.key) }));
    return {
      mayGoOn: () => {
        const isLater = before.some(({ key, free, count }) => this.#countOf(key) > Math.max(count, free));
        if (isLater) throw tooMany(Math.max(WAIT_MS, ...asked.map(({ key }) => this.#waitOf(key))));
      },
      ended: (isRight) => {
        if (isRight) this.#wrong.delete(user.key);
        else for (const kind of [user, place]) this.#count(kind);
      },
      [Symbol.dispose]: () => release.dispose(),
    };
  }

  /** Counts an attempt among those that go on, until disposed of. */
  #begin(asked: readonly Kind[]): DisposableStack {
    const running = new DisposableStack();
    for (const { key } of asked) {
      this.#run(key, 1);
      running.defer(() => this.#run(key, -1));
    }
    return running;
  }

  /**
   * Who finds that others were wrong under the same name while they waited has to wait again, and longer: many guesses at
   * once get no further than one after the other.
   */
  async #waitForTurn(asked: readonly [user: Kind, ...Kind[]]): Promise<void> {
    const [user] = asked;
    for (let waited = 0; ;) {
      const count = this.#countOf(user.key);
      const wait = Math.max(0, ...asked.map(({ key }) => this.#turn(key)));
      if (waited + wait > LINE_MS_MAX) throw tooMany(Math.max(wait, CROWDED_MS));
      if (wait > 0) await this.#sleep(wait);
      waited += wait;
      if (wait === 0 || this.#countOf(user.key) <= count) return;
    }
  }

  /** How long until there is a turn, which is taken. */
  #turn(key: string): number {
    const wrong = this.#wrong.get(key);
    const wait = this.#waitOf(key);
    if (wrong && wait > 0 && wait <= LINE_MS_MAX) wrong.until += wrong.step;
    return wait;
  }

  #waitOf(key: string): number {
    return (this.#wrong.get(key)?.until ?? 0) - this.#now();
  }

  #countOf(key: string): number {
    return this.#wrong.get(key)?.count ?? 0;
  }

  #runningOf(key: string): number {
    return this.#running.get(key) ?? 0;
  }

  #run(key: string, more: 1 | -1): void {
    const running = this.#runningOf(key) + more;
    if (running === 0) this.#running.delete(key);
    else this.#running.set(key, running);
  }

  #count({ key, free }: Kind): void {
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
