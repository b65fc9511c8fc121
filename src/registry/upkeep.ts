import type { Registry } from "./registry.ts";
import { expireUploads } from "./uploads.ts";

/** How long after the start a task first runs, in milliseconds: a server that is restarted every day must get to it. */
const FIRST_MS = 60_000;
/** How often a task runs, in milliseconds. */
const PERIOD_MS = 3_600_000;

/** Work that is due from time to time. Running it twice at once on several nodes is harmless. */
export type Task = { readonly name: string; readonly run: () => Promise<unknown> };

/** What a registry does by itself: it forgets what is older than its retention, and drops uploads nobody goes on with. */
export function upkeepTasks(
  registry: Registry,
  { retentionMs, uploadsMs }: { retentionMs: number; uploadsMs: number },
): readonly Task[] {
  return [
    { name: "compact the catalog", run: () => registry.catalog.compact(ago(retentionMs)) },
    { name: "expire uploads", run: () => expireUploads(registry, ago(uploadsMs)) },
  ];
}

function ago(ms: number): Date {
  return new Date(Date.now() - ms);
}

/**
 * Runs every task a minute after the start and every hour from then on, one after the other, and tells `onFailure` of
 * those that failed; they are tried again an hour later. Keeps no process alive. Disposing of it waits for the task that
 * is running.
 */
export class Upkeep implements AsyncDisposable {
  readonly #tasks: readonly Task[];
  readonly #onFailure: (task: string, error: unknown) => void;
  #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #isStopping = false;

  constructor(tasks: readonly Task[], onFailure: (task: string, error: unknown) => void) {
    this.#tasks = tasks;
    this.#onFailure = onFailure;
    this.#timer = this.#in(FIRST_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #in(ms: number): NodeJS.Timeout {
    const round = (): void => {
      this.#round = this.#run();
    };
    return setTimeout(round, ms).unref();
  }

  async #run(): Promise<void> {
    for (const { name, run } of this.#tasks) {
      if (this.#isStopping) return;
      await run().catch((error: unknown) => this.#onFailure(name, error));
    }
    if (!this.#isStopping) this.#timer = this.#in(PERIOD_MS);
  }
}
