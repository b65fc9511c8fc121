/** How often the line is written anew, in milliseconds. */
const EVERY_MS = 200;

const CLEAR_LINE = "\r\u001B[K";

/** A stream that may be a terminal. */
export type Screen = { readonly isTTY?: boolean; write(text: string): unknown };

/** A line on a terminal that says how far something is, and goes when it is over. Elsewhere nothing is written. */
export class Progress implements Disposable {
  readonly #screen: Screen;
  readonly #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(screen: Screen, line: () => string) {
    this.#screen = screen;
    if (!screen.isTTY) return;
    this.#timer = setInterval(() => {
      screen.write(`${CLEAR_LINE}${line()}`);
      this.#isShown = true;
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Makes way for other text. */
  clear(): void {
    if (this.#isShown) this.#screen.write(CLEAR_LINE);
    this.#isShown = false;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.clear();
  }
}
