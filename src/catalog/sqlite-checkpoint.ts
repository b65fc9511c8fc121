import { Worker } from "node:worker_threads";

/**
 * Carries the log of changes of a SQLite database over into the database, in a thread of its own: that is hundreds of writes
 * in no order and two flushes, some 10 ms in which this thread would answer nobody. The thread is made for the first one.
 */
export class Checkpoints implements AsyncDisposable {
  readonly #path: string;
  #thread: Worker | undefined;
  #asked: Promise<boolean> = Promise.resolve(false);
  #answer: (isAll: boolean) => void = () => undefined;

  /** `path` is the database's. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Carries over what was written by now, as far as readers let it: true if that was all. Never rejects. */
  run(): Promise<boolean> {
    this.#thread ??= this.#start();
    return this.#ask(this.#thread, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#thread) await this.#ask(this.#thread, false);
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(new URL("sqlite-checkpoint-thread.ts", import.meta.url), {
      workerData: this.#path,
    });
    thread.unref();
    thread.on("message", (isAll: boolean) => this.#answer(isAll));
    // One that failed is replaced when it is needed again.
    thread
      .on("error", () => undefined)
      .once("exit", () => {
        this.#thread = undefined;
        this.#answer(false);
      });
    return thread;
  }

  /** One after the other, so that each answer is the one to what was asked. */
  #ask(thread: Worker, goOn: boolean): Promise<boolean> {
    const ask = (): Promise<boolean> | boolean => {
      // It has ended meanwhile, and would never answer.
      if (this.#thread !== thread) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#answer = resolve;
      thread.postMessage(goOn);
      return promise;
    };
    return (this.#asked = this.#asked.then(ask));
  }
}
