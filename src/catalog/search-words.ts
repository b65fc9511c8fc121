import type { Engine } from "./engine.ts";
import { relevanceOf, type Relevance } from "./search-rank.ts";
import type { View } from "../oci/view.ts";
import { shows } from "../oci/view.ts";

/**
 * Which texts have a word in them. However many there are, few are looked at: those that begin with it, in the order of
 * their bytes; those among the newest; and only if these are few, those that the index of parts knows. So what is rare is
 * found completely, and of what is everywhere the best and the newest.
 */

/** A text that has a word in it, and how well the word fits. `source` and `key` of values alone. */
export type Text = {
  readonly id: number;
  readonly value: string;
  readonly source?: "annotation" | "label";
  readonly key?: string;
  readonly relevance: Relevance;
};

/** Texts of each kind; `complete` when there are no others. */
export type Texts = {
  readonly repository: readonly Text[];
  readonly tag: readonly Text[];
  readonly value: readonly Text[];
  readonly complete: boolean;
};

const KINDS = ["repository", "tag", "value"] as const;

/** Texts that are taken of those at hand in each of the three ways. A repository's is a hit itself. */
const TEXTS_MAX = { repository: 1_000, tag: 200, value: 200 } as const;
/** Newest texts that are looked at, before the index of parts is asked, or where it cannot be asked. */
const NEWEST_BEFORE = 2_000;
const NEWEST_INSTEAD = 20_000;
/** The index of parts knows these. */
const INDEXED = /[a-z0-9]{3}/;

/** The texts that a word is in, the best first. */
async function textsWith(engine: Engine, word: string): Promise<Texts> {
  const found = { repository: [] as Text[], tag: [] as Text[], value: [] as Text[] };
  let complete = true;
  for (const kind of KINDS) {
    const { texts, isComplete } = await textsOfKind(engine, kind, word);
    found[kind] = texts;
    complete &&= isComplete;
  }
  return { ...found, complete };
}

async function textsOfKind(
  engine: Engine,
  kind: (typeof KINDS)[number],
  word: string,
): Promise<{ texts: Text[]; isComplete: boolean }> {
  const table = `search_${kind}`;
  const limit = TEXTS_MAX[kind];
  const beginning = await engine.all<Text>(
    `select f.* from ${table} f where lower(f.value) >= ? and lower(f.value) < ? order by lower(f.value), f.id limit ?`,
    [word, `${word}\u{10ffff}`, limit],
  );
  const isIndexed = INDEXED.test(word);
  const range = isIndexed ? NEWEST_BEFORE : NEWEST_INSTEAD;
  const within = engine.parts.within("lower(page.value)", word);
  const newest = await engine.all<Text>(
    `select page.* from (select f.* from ${table} f where f.id > 0 order by f.id desc limit ?) page
      where ${within.sql} order by page.id desc limit ?`,
    [range, ...within.values, limit],
  );
  let others: Text[] = [];
  if (isIndexed && newest.length < limit) {
    const find = engine.parts.find(table, word, limit);
    others = await engine.all<Text>(find.sql, find.values);
  }
  const byId = new Map([...beginning, ...newest, ...others].map((text) => [text.id, text]));
  const texts = [...byId.values()].map((text) => ({ ...text, relevance: relevanceOf(word, text.value) }));
  return {
    texts: texts.toSorted((a, b) => b.relevance - a.relevance || b.id - a.id),
    isComplete: isIndexed ? newest.length < limit && others.length < limit : byId.size === 0,
  };
}

/** Words that are looked up; of what the others find, it is looked whether they are in it. */
const WORDS_TRIED = 3;

/** Texts of some words, and among them of the one by which to find what has all words. */
export type Lead = { readonly leading: Texts; readonly tried: readonly Texts[] };

/** Looks up the longest words. One whose texts are all known leads, or else the one that has the fewest. */
export async function leadOf(engine: Engine, words: readonly string[], view?: View): Promise<Lead> {
  const tried: Texts[] = [];
  for (const word of words.toSorted((a, b) => b.length - a.length).slice(0, WORDS_TRIED)) {
    tried.push(seenOf(await textsWith(engine, word), view));
  }
  const known = tried.filter(({ complete }) => complete);
  const [leading] = (known.length > 0 ? known : tried).toSorted((a, b) => countOf(a) - countOf(b));
  if (!leading) throw new Error("There is no word to look up.");
  return { leading, tried };
}

/** Without names of repositories that are not seen. */
function seenOf(texts: Texts, view: View | undefined): Texts {
  if (!view) return texts;
  return { ...texts, repository: texts.repository.filter(({ value }) => shows(view, value)) };
}

function countOf({ repository, tag, value }: Texts): number {
  return repository.length + tag.length + value.length;
}
