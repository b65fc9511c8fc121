import type { Match } from "./hits.ts";

/** How well a word fits a text: all of it, its beginning, one of its segments, any part of it; 0 for not at all. */
export type Relevance = 0 | 1 | 2 | 3 | 4;

/** The letters A to Z in lower case; nothing else changes, as in the databases. */
function folded(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Of a word in lower case. Segments are what other signs than letters and digits of ASCII leave between them. */
export function relevanceOf(word: string, text: string): Relevance {
  const whole = folded(text);
  if (whole === word) return 4;
  if (whole.startsWith(word)) return 3;
  for (let at = whole.indexOf(word); at >= 0; at = whole.indexOf(word, at + 1)) {
    if (isBorder(whole[at - 1]) && isBorder(whole[at + word.length])) return 2;
  }
  return whole.includes(word) ? 1 : 0;
}

function isBorder(character: string | undefined): boolean {
  return character === undefined || /[\0-/:-@[-`{-\x7f]/.test(character);
}

/**
 * How well all words together fit what an item says: as well as the one that fits worst. Each word brings along the text it
 * fits best, the first where several do. Relevance 0 when there is a word that fits nothing.
 */
export function rank(
  words: readonly string[],
  texts: readonly Match[],
): { readonly relevance: Relevance; readonly matched: readonly Match[] } {
  let relevance: Relevance = 4;
  const matched = new Set<Match>();
  for (const word of words) {
    let best: Relevance = 0;
    let found: Match | undefined;
    for (const text of texts) {
      const fit = relevanceOf(word, text.value);
      if (fit > best) [best, found] = [fit, text];
    }
    if (found === undefined) return { relevance: 0, matched: [] };
    matched.add(found);
    if (best < relevance) relevance = best;
  }
  return { relevance, matched: [...matched] };
}
