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
 * What readers who see little are shown, sorted once for all pages of a list: otherwise each page would have to look for it
 * among everything that they do not see. Kept by the revision it is of; what was not asked for the longest goes first.
 */
export class KeptPlaces {
  /** Entries kept in all. Each takes some 300 bytes. */
  static readonly ENTRIES_MAX = 200_000;
  readonly #kept = new Map<string, { readonly value: unknown; readonly entries: number }>();
  #entries = 0;

  /** What is kept under the key, or what `make` then makes, which is kept if nothing was written meanwhile. */
  async of<T>(key: string, { make, entries, isStill }: Making<T>): Promise<T> {
    const kept = this.#kept.get(key);
    const value = kept ? (kept.value as T) : await make();
    if (!kept && !(await isStill())) return value;
    const count = 1 + entries(value);
    if (this.#kept.delete(key)) this.#entries -= count;
    this.#kept.set(key, { value, entries: count });
    this.#entries += count;
    for (const [oldest, each] of this.#kept) {
      if (this.#entries <= KeptPlaces.ENTRIES_MAX) break;
      this.#kept.delete(oldest);
      this.#entries -= each.entries;
    }
    return value;
  }
}
