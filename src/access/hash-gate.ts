import { RegistryError } from "../errors.ts";

/** Hashes that are worked out at the same time: each takes a thread of the four by which blobs are read, too. */
const RUNNING_MAX = 2;
/** How many may wait for one of these to end. */
const WAITING_MAX = 128;
/** When to come back where more would wait, in seconds. */
const RETRY_SECONDS = 5;

/** Lets few hashes of passwords be worked out at a time, whoever logs in, so that all else goes on meanwhile. */
export class HashGate {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * What the work gives, which begins when it is its turn.
   * @throws TOOMANYREQUESTS when too many wait already
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < RUNNING_MAX) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) throw tooMany();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever is next takes the place that has become free. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}

function tooMany(): RegistryError {
  const message = `More passwords are waiting to be looked at than may be. Come back in ${RETRY_SECONDS} seconds.`;
  return new RegistryError("TOOMANYREQUESTS", message, { detail: { retryAfter: RETRY_SECONDS } });
}
