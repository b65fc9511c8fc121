import { inspect } from "node:util";

/** What stands in the place of a secret wherever it would be shown. */
export const HIDDEN = "«hidden»";

/**
 * A value that must never be printed. Whatever turns it into text, be it a template, JSON, a log line or the console,
 * gets only the form that may be shown; {@link Secret.reveal} alone gives the value.
 */
export class Secret {
  readonly #value: string;
  readonly #shown: string;

  /** `shown` is the value with all that is secret in it taken out. */
  constructor(value: string, shown: string = HIDDEN) {
    this.#value = value;
    this.#shown = shown;
  }

  /** The value itself, for the one call that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }

  [inspect.custom](): string {
    return this.#shown;
  }
}
