import { RegistryError } from "../errors.ts";
import { countedAs } from "./came-from.ts";
import type { Call } from "./call.ts";

/** The streams that are running, and the pages that wait, counted by their callers; nobody's by where they come from. */
export class Streams {
  readonly #max: number;
  readonly #running = new Map<string, number>();

  /** `max` is how many one caller may have at a time. */
  constructor(max: number) {
    this.#max = max;
  }

  /** A place for one more, until it is disposed of. `TOOMANYREQUESTS`. */
  take({ rights, from }: Call): Disposable {
    const key = countedAs(rights.identity.caller, from);
    const running = this.#running.get(key) ?? 0;
    if (running >= this.#max) {
      throw new RegistryError(
        "TOOMANYREQUESTS",
        `You have ${running} streams and waiting pages open, which is as many as one caller may. End some, or ask without wait.`,
      );
    }
    this.#running.set(key, running + 1);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        const left = (this.#running.get(key) ?? 1) - 1;
        if (left === 0) this.#running.delete(key);
        else this.#running.set(key, left);
      },
    };
  }
}
