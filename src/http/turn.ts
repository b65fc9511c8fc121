/** How long an answer may wait for what else is done in its turn, in milliseconds. */
const WAIT_MS_MAX = 1;

/**
 * The answers that are ready in one turn of the event loop, to be sent one after the other at its end. An answer that is sent
 * by itself finds its client waiting and has to wake it, which is a tenth of what a small request takes; those that come
 * close behind find it awake.
 */
export class Turn {
  #sends: (() => void)[] = [];
  #tells: (() => void)[] = [];
  #since = 0;

  /**
   * Does the first at the end of the turn, and the second when all answers of the turn are sent; neither may throw. At once,
   * for all that are ready, when one of them has waited for too long. `now` is of the clock of `performance`.
   */
  atEnd(send: () => void, tell: () => void, now: number): void {
    this.#tells.push(tell);
    if (this.#sends.push(send) === 1) {
      this.#since = now;
      setImmediate(this.#end);
    } else if (now - this.#since >= WAIT_MS_MAX) this.#end();
  }

  readonly #end = (): void => {
    const [sends, tells] = [this.#sends, this.#tells];
    [this.#sends, this.#tells] = [[], []];
    for (const send of sends) send();
    for (const tell of tells) tell();
  };
}
