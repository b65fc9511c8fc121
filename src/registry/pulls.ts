import type { Catalog, Pull } from "../catalog/catalog.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";

/** How exact the time of a pull is kept, in milliseconds: a manifest makes one note an hour, however often it is pulled. */
const PRECISION_MS = 3_600_000;
/** How long notes are gathered before they are written together, in milliseconds. */
const GATHER_MS = 10_000;
/** Manifests remembered to have been noted. Beyond, they are forgotten, and may be noted again within their hour. */
const REMEMBERED_MAX = 50_000;

/**
 * Notes which manifests are pulled, for lists that show it. A pull costs a look into memory; what is new is written in the
 * background. Notes are lost when the process is killed: they are hints for people who clean up, not facts.
 */
export class PullNotes implements AsyncDisposable {
  readonly #catalog: Catalog;
  readonly #onFailure: (error: unknown) => void;
  readonly #noted = new Map<string, number>();
  #waiting: Pull[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(catalog: Catalog, onFailure: (error: unknown) => void) {
    this.#catalog = catalog;
    this.#onFailure = onFailure;
  }

  /** Notes that a manifest was pulled now. */
  note(repository: RepositoryName, digest: Digest): void {
    const time = Math.floor(Date.now() / PRECISION_MS) * PRECISION_MS;
    const key = `${repository}@${digest}`;
    if (this.#noted.get(key) === time) return;
    if (this.#noted.size >= REMEMBERED_MAX) this.#noted.clear();
    this.#noted.set(key, time);
    this.#waiting.push({ repository, digest, time: new Date(time) });
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  /** Writes what was noted so far. Never throws: a failure is told, and its notes are dropped. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pulls = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#writing.then(() => this.#catalog.notePulls(pulls)).catch(this.#onFailure);
    await this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.flush();
  }
}
