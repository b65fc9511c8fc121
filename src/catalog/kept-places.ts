import type { Queryable } from "./engine.ts";

/** How something to be kept is made, how many entries it has, and whether it still is what its key says. */
type Making<T> = {
  readonly make: () => Promise<T>;
  readonly entries: (made: T) => number;
  readonly isStill: () => Promise<boolean>;
};

/** Whether the present still is the revision that it was taken for; an earlier moment stays what it is. */
export function stillAt(
  engine: Queryable,
  { at, newest }: { at: number | undefined; newest: number },
): Making<never>["isStill"] {
  return async () => {
    if (at !== undefined) return true;
    const [row] = await engine.all<{ revision: number }>(`select revision from clock where id = 1`);
    return row?.revision === newest;
  };
}

/**
 * What had to be looked for among much that is not shown, sorted once for all pages of a list. Kept by the revision it is
 * of; what was not asked for the longest goes first.
 */
export class KeptPlaces {
  /** Entries kept in all. Each takes some 300 bytes. */
  static readonly ENTRIES_MAX = 200_000;
  readonly #kept = new Map<string, { readonly value: unknown; readonly entries: number }>();
  /** What is being made, for all who ask for it meanwhile. */
  readonly #made = new Map<string, Promise<unknown>>();
  #entries = 0;

  /** What is kept under the key, of the type that it was made as. */
  find(key: string): unknown {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  /** What is kept under the key, or what `make` then makes, which is kept if nothing was written meanwhile. */
  async of<T>(key: string, making: Making<T>): Promise<T> {
    // Who began to make it may fail, or meet a write: then the next one makes it.
    for (let running = this.#made.get(key); running; running = this.#made.get(key)) {
      await running.catch(() => undefined);
    }
    if (this.#kept.has(key)) return this.find(key) as T;
    const made = this.#make(key, making).finally(() => this.#made.delete(key));
    this.#made.set(key, made);
    return made;
  }

  async #make<T>(key: string, { make, entries, isStill }: Making<T>): Promise<T> {
    const value = await make();
    if (await isStill()) this.keep(key, value, 1 + entries(value));
    return value;
  }

  /** Keeps something under the key, and what was there no longer. */
  keep(key: string, value: unknown, entries = 1): void {
    this.#entries += entries - (this.#kept.get(key)?.entries ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, { value, entries });
    for (const [oldest, each] of this.#kept) {
      if (this.#entries <= KeptPlaces.ENTRIES_MAX) break;
      this.#kept.delete(oldest);
      this.#entries -= each.entries;
    }
  }
}
