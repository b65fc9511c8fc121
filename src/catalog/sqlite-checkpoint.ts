import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * Carries the log of changes of a SQLite database over into the database, in a thread of its own: that is hundreds of writes
 * in no order and two flushes, some 10 ms in which this thread would answer nobody. The thread is made for the first one.
 */
export class Checkpoints implements AsyncDisposable {
  readonly #path: string;
  #thread: Worker | undefined;
  #asked: Promise<void> = Promise.resolve();

  /** `path` is the database's. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when all that was written by now is carried over, as far as readers let it; never rejects. */
  run(): Promise<void> {
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
    // One that failed is replaced when it is needed again.
    thread.on("error", () => undefined).once("exit", () => (this.#thread = undefined));
    return thread;
  }

  /** One after the other, so that each answer is the one to what was asked. */
  #ask(thread: Worker, goOn: boolean): Promise<void> {
    const ask = async (): Promise<void> => {
      // It has ended meanwhile, and would never answer.
      if (this.#thread !== thread) return;
      thread.postMessage(goOn);
      await Promise.race([once(thread, "message"), once(thread, "exit")]).catch(() => undefined);
    };
    return (this.#asked = this.#asked.then(ask));
  }
}
