import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer } from "./call.ts";
import { PageCache, type Pages } from "./page-cache.ts";

const MIB = 1024 * 1024;

/** A page that says which it is. The cache believes what it is told of its length. */
const page = (text: string): Answer => ({ status: 200, body: text });

/** Which of the pages are kept, without asking for any that would then be kept longer than it is due. */
function keptOf(pages: Pages, keys: readonly string[]): string[] {
  return keys.filter((key) => pages.find(key) !== undefined);
}

/** Has a page asked for twice, as it must be to be kept. */
function keep(pages: Pages, ...asked: Parameters<Pages["keep"]>): void {
  for (let time = 0; time < 2; time++) pages.keep(...asked);
}

describe("pages that were answered lately", () => {
  test("are kept from the second time on that they are asked for, lest a crawl push out all others", () => {
    const pages = new PageCache();
    pages.keep("a", page("first"), 1);
    assert.equal(pages.find("a"), undefined);
    const second = page("second");
    pages.keep("a", second, 1);
    assert.equal(pages.find("a"), second);
    pages.keep("b", page("b"), 1);
    for (let n = 0; n < 2_000; n++) pages.keep(`crawled ${n}`, page(""), 1);
    pages.keep("b", page("b"), 1);
    assert.equal(pages.find("b"), undefined, "so long ago that it has been forgotten");
    assert.equal(pages.find("a"), second);
  });

  test("are found by their keys, and by no others", () => {
    const pages = new PageCache();
    const answer = page("a");
    keep(pages, "a", answer, 1);
    assert.equal(pages.find("a"), answer);
    assert.equal(pages.find("b"), undefined);
    keep(pages, "a", page("another"), 1);
    assert.equal(pages.find("a"), answer, "what is kept stays");
  });

  test("take 16 MiB at the most; what was not asked for the longest goes first", () => {
    const pages = new PageCache();
    const keys = Array.from({ length: 20 }, (_, n) => `page ${n}`);
    for (const key of keys.slice(0, 15)) keep(pages, key, page(key), MIB - 2_000);
    assert.deepEqual(keptOf(pages, keys.slice(0, 3)), keys.slice(0, 3));
    for (const key of keys.slice(15)) keep(pages, key, page(key), MIB - 2_000);
    // The first three were asked for, so that the next four had to go.
    const kept = keptOf(pages, keys);
    assert.deepEqual(kept, [...keys.slice(0, 3), ...keys.slice(7)]);
    assert.equal(kept.length, 16);
  });

  test("are not kept when they are larger than 1 MiB", () => {
    const pages = new PageCache();
    keep(pages, "large", page("large"), MIB + 1);
    assert.equal(pages.find("large"), undefined);
    keep(pages, "just", page("just"), MIB);
    assert.notEqual(pages.find("just"), undefined);
  });

  test("count with their keys and what each takes besides, so that many small ones do not add up", () => {
    const pages = new PageCache();
    const long = "k".repeat(8_000);
    const keys = Array.from({ length: 3_000 }, (_, n) => `${n} ${long}`);
    for (const key of keys) keep(pages, key, page(""), 0);
    const kept = keptOf(pages, keys);
    assert.ok(kept.length > 1_000);
    assert.ok(kept.length * (long.length + 1_000) <= 16 * MIB);
    assert.deepEqual(kept, keys.slice(-kept.length));
  });

  test("of some readers are out of reach of others, and go with the others", () => {
    const pages = new PageCache();
    const [ann, ben, again] = [pages.within("ann"), pages.within("ben"), pages.within("ann")];
    keep(ann, "a", page("of ann"), 1);
    keep(ben, "a", page("of ben"), 1);
    assert.deepEqual(
      [ann, ben, again].map((of) => of.find("a")?.body),
      ["of ann", "of ben", "of ann"],
    );
    assert.equal(pages.find("a"), undefined);
    assert.equal(ann.within("ben").find("a"), undefined);
    assert.notEqual(ann.within("x").readers, undefined);
    assert.deepEqual([pages.readers, ann.readers], [undefined, "ann"]);
    for (let n = 0; n < 17; n++) keep(ben, `large ${n}`, page(""), MIB - 2_000);
    assert.equal(ann.find("a"), undefined, "one bound for all");
  });
});
