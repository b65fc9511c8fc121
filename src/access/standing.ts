import { actorOf, type Caller } from "./caller.ts";

/** How long it may take until somebody who is gone is found to be, in milliseconds. */
const KNOWN_MS = 5_000;
/** Callers of whom it is known; when there are more, it is asked of all of them again. */
const KNOWN_MAX = 10_000;

type Known = { readonly until: number; readonly marks: Promise<readonly string[]> };

/** Whether callers are still who they were when they logged in, asked for each of them every few seconds. */
export class Standing {
  readonly #known = new Map<string, Known>();
  readonly #marksOf: (caller: Caller) => Promise<readonly string[]>;
  readonly #now: () => number;

  /** `marksOf` gives the marks of what a caller may log in with now; none when there is no such caller. */
  constructor(marksOf: (caller: Caller) => Promise<readonly string[]>, now: () => number) {
    this.#marksOf = marksOf;
    this.#now = now;
  }

  /** False for who is gone, or came by what is no longer theirs. */
  async has(caller: Caller): Promise<boolean> {
    const marks = await this.#marks(caller);
    return caller.mark === undefined ? marks.length > 0 : marks.includes(caller.mark);
  }

  async #marks(caller: Caller): Promise<readonly string[]> {
    const key = actorOf(caller);
    const known = this.#known.get(key);
    if (known && this.#now() < known.until) return known.marks;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const marks = this.#marksOf(caller);
    this.#known.set(key, { until: this.#now() + KNOWN_MS, marks });
    // What failed is asked for again.
    marks.catch(() => this.#known.delete(key));
    return marks;
  }
}
