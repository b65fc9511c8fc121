/** How long an answer may wait for what else is done in its turn, in milliseconds. */
const WAIT_MS_MAX = 1;
/** Answers of a turn from which on those of the next are gathered. Of fewer, clients would wait longer than is saved. */
const MANY = 8;

/**
 * The answers that are ready in one turn of the event loop. Where they are many, they are sent one after the other at its
 * end: one that is sent by itself finds its client waiting and has to wake it, which is a tenth of what a small request
 * takes; those that come close behind find it awake. (A page from memory, clients and server on two cores: with 16
 * connections 7 % more a second than sent at once; with 4, 10 % less, so few are sent at once.)
 */
export class Turn {
  #sends: (() => void)[] = [];
  #tells: (() => void)[] = [];
  #since = 0;
  #ready = 0;
  #readyBefore = 0;

  /**
   * Does the first now or at the end of the turn, and the second behind it, when all answers that were sent with it are;
   * neither may throw. At once, for all that are ready, when one of them has waited for too long. `now` is of the clock of
   * `performance`.
   */
  add(send: () => void, tell: () => void, now: number): void {
    if (++this.#ready === 1) setImmediate(this.#end);
    if (this.#readyBefore < MANY) {
      send();
      tell();
      return;
    }
    this.#tells.push(tell);
    if (this.#sends.push(send) === 1) this.#since = now;
    else if (now - this.#since >= WAIT_MS_MAX) this.#flush();
  }

  readonly #end = (): void => {
    this.#readyBefore = this.#ready;
    this.#ready = 0;
    this.#flush();
  };

  #flush(): void {
    const [sends, tells] = [this.#sends, this.#tells];
    [this.#sends, this.#tells] = [[], []];
    for (const send of sends) send();
    for (const tell of tells) tell();
  }
}
