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

describe("pages that were answered lately", () => {
  test("are found by their keys, and by no others", () => {
    const pages = new PageCache();
    const answer = page("a");
    pages.keep("a", answer, 1);
    assert.equal(pages.find("a"), answer);
    assert.equal(pages.find("b"), undefined);
    pages.keep("a", page("another"), 1);
    assert.equal(pages.find("a"), answer, "what is kept stays");
  });

  test("take 16 MiB at the most; what was not asked for the longest goes first", () => {
    const pages = new PageCache();
    const keys = Array.from({ length: 20 }, (_, n) => `page ${n}`);
    for (const key of keys.slice(0, 15)) pages.keep(key, page(key), MIB - 2_000);
    assert.deepEqual(keptOf(pages, keys.slice(0, 3)), keys.slice(0, 3));
    for (const key of keys.slice(15)) pages.keep(key, page(key), MIB - 2_000);
    // The first three were asked for, so that the next four had to go.
    const kept = keptOf(pages, keys);
    assert.deepEqual(kept, [...keys.slice(0, 3), ...keys.slice(7)]);
    assert.equal(kept.length, 16);
  });

  test("are not kept when they are larger than 1 MiB", () => {
    const pages = new PageCache();
    pages.keep("large", page("large"), MIB + 1);
    assert.equal(pages.find("large"), undefined);
    pages.keep("just", page("just"), MIB);
    assert.notEqual(pages.find("just"), undefined);
  });

  test("count with their keys and what each takes besides, so that many small ones do not add up", () => {
    const pages = new PageCache();
    const long = "k".repeat(8_000);
    const keys = Array.from({ length: 3_000 }, (_, n) => `${n} ${long}`);
    for (const key of keys) pages.keep(key, page(""), 0);
    const kept = keptOf(pages, keys);
    assert.ok(kept.length > 1_000);
    assert.ok(kept.length * (long.length + 1_000) <= 16 * MIB);
    assert.deepEqual(kept, keys.slice(-kept.length));
  });

  test("of some readers are out of reach of others, and go with the others", () => {
    const pages = new PageCache();
    const [ann, ben, again] = [pages.within("ann"), pages.within("ben"), pages.within("ann")];
    ann.keep("a", page("of ann"), 1);
    ben.keep("a", page("of ben"), 1);
    assert.deepEqual(
      [ann, ben, again].map((of) => of.find("a")?.body),
      ["of ann", "of ben", "of ann"],
    );
    assert.equal(pages.find("a"), undefined);
    assert.equal(ann.within("ben").find("a"), undefined);
    assert.notEqual(ann.within("x").readers, undefined);
    assert.deepEqual([pages.readers, ann.readers], [undefined, "ann"]);
    for (let n = 0; n < 17; n++) ben.keep(`large ${n}`, page(""), MIB - 2_000);
    assert.equal(ann.find("a"), undefined, "one bound for all");
  });
});
