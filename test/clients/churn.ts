/** Others who push and delete without a pause while somebody lists. */
export class Churn implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #changed = Promise.withResolvers<void>();

  private constructor(change: (n: number) => Promise<void>) {
    this.#running = this.#run(change);
    // Told to whoever waits for a change, and at the end.
    this.#running.catch(() => undefined);
  }

  /** Pushes what is not there and takes it away again, in turns: all of `names`, then none of them, and so on. */
  static start(
    names: readonly string[],
    { push, remove }: Readonly<Record<"push" | "remove", (name: string) => Promise<void>>>,
  ): Churn {
    return new Churn(async (n) => {
      const change = Math.floor(n / names.length) % 2 === 0 ? push : remove;
      await change(names[n % names.length] ?? "");
    });
  }

  /** Resolves when something was changed from beginning to end since the call. */
  async movesOn(): Promise<void> {
    await Promise.race([this.#changed.promise, this.#running]);
    // The first to end may have begun before the call.
    await Promise.race([this.#changed.promise, this.#running]);
  }

  /** Ends it; throws if a push or a deletion failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(change: (n: number) => Promise<void>): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n += 1) {
      await change(n);
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers();
      resolve();
    }
  }
}
