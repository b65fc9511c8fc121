import type { Answer } from "./call.ts";

/** Memory that kept pages may take, in bytes. */
const BYTES_MAX = 16 * 1024 * 1024;
/** Largest page that is kept, in bytes of its body. */
const PAGE_BYTES_MAX = 1024 * 1024;
/** About what a page takes besides its key and its body, in bytes: many small ones must not add up unseen. */
const ENTRY_BYTES = 1_000;
/** Pages of which no more is noted than that they were asked for; and longest key that is, in characters. */
const NOTED_MAX = 2_000;
const NOTED_KEY_MAX = 1_000;

/** Longest body that is kept as text, in bytes: Node writes a short one and its head at once, and for a long one copies it twice. */
const TEXT_BYTES_MAX = 2_048;

/** The body of a page, in the form in which it costs least to be sent again and again. */
export function pageBody(text: string): { readonly body: string | Uint8Array; readonly bytes: Uint8Array } {
  const bytes = Buffer.from(text);
  return { body: bytes.byteLength > TEXT_BYTES_MAX ? bytes : text, bytes };
}

type Page = { readonly answer: Answer; readonly bytes: number };

/** Where pages are kept, by what identifies their content. */
export type Pages = Pick<PageCache, "find" | "keep" | "within" | "readers">;

/**
 * Pages of lists that were answered lately, by what identifies their content: a page that names its revision never changes.
 * What was not asked for the longest goes first.
 */
export class PageCache {
  readonly #pages = new Map<string, Page>();
  /** The one that would go last. */
  #newest: Page | undefined;
  #bytes = 0;
  /** What was asked for once. What was asked for first goes first. */
  readonly #noted = new Set<string>();

  /** Whom the pages are for: the key of their view, where they do not see everything. */
  readonly readers: string | undefined = undefined;

  /** The same place for pages that are for some readers only: their keys are other ones than those of all others. */
  within(readers: string): Pages {
    const keyOf = (key: string): string => JSON.stringify([readers, key]);
    return {
      readers,
      find: (key) => this.find(keyOf(key)),
      keep: (key, answer, bytes) => this.keep(keyOf(key), answer, bytes),
      within: (others) => this.within(keyOf(others)),
    };
  }

  find(key: string): Answer | undefined {
    const page = this.#pages.get(key);
    if (!page) return undefined;
    if (page !== this.#newest) {
      this.#pages.delete(key);
      this.#pages.set(key, page);
      this.#newest = page;
    }
    return page.answer;
  }

  /**
   * Keeps an answer whose body is `bytes` long, from the second time on. Those of a crawl are asked for once: they would push
   * out what is asked for again and again, and what is dropped soon costs the pauses in which it is collected.
   */
  keep(key: string, answer: Answer, bytes: number): void {
    if (bytes > PAGE_BYTES_MAX || this.#pages.has(key) || this.#isFirst(key)) return;
    const all = bytes + Buffer.byteLength(key) + ENTRY_BYTES;
    this.#newest = { answer, bytes: all };
    this.#pages.set(key, this.#newest);
    this.#bytes += all;
    for (const [oldest, page] of this.#pages) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#pages.delete(oldest);
      this.#bytes -= page.bytes;
    }
  }

  /** That nobody has asked lately for what has this key; of a long one that is not known. */
  #isFirst(key: string): boolean {
    if (key.length > NOTED_KEY_MAX || this.#noted.delete(key)) return false;
    this.#noted.add(key);
    for (const oldest of this.#noted) {
      if (this.#noted.size <= NOTED_MAX) break;
      this.#noted.delete(oldest);
    }
    return true;
  }
}
