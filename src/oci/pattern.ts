/** Longest pattern, in characters: that of the longest name, with room for stars. */
const PATTERN_LENGTH_MAX = 300;
const ANY_SEGMENTS = "**";
const ANY_LETTERS = "*";
/** A segment of a name, with stars for any part of it. */
const SEGMENT = /^[a-z0-9._*-]+$/;

/** Which repositories are meant. Obtained only from {@link parsePattern}. */
export type Pattern = { readonly text: string; readonly segments: readonly string[] };

/**
 * Reads a pattern: a name; `*` for any text within one segment; `**` as a whole segment for any number of segments. At the
 * end it stands for none as well, so `library/**` is all below `library` and `library` itself. `undefined` when it is none.
 */
export function parsePattern(text: string): Pattern | undefined {
  const segments = text.split("/");
  const isGood = segments.every(
    (segment) => SEGMENT.test(segment) && (segment === ANY_SEGMENTS || !segment.includes(ANY_SEGMENTS)),
  );
  return isGood && text.length <= PATTERN_LENGTH_MAX ? { text, segments } : undefined;
}

/** True when the name is meant. Takes no more than (length of the pattern) × (length of the name) steps, whatever they are. */
export function matches({ text, segments }: Pattern, name: string): boolean {
  return text === name || text === ANY_SEGMENTS || fits(segments, name.split("/"), SEGMENTS);
}

type Comparing = {
  readonly isStar: (wanted: string) => boolean;
  readonly equal: (wanted: string, given: string) => boolean;
};

const LETTERS: Comparing = {
  isStar: (sign) => sign === ANY_LETTERS,
  equal: (sign, letter) => sign === letter,
};

const SEGMENTS: Comparing = {
  isStar: (segment) => segment === ANY_SEGMENTS,
  equal: (segment, part) =>
    segment === part || (segment.includes(ANY_LETTERS) && fits(segment, part, LETTERS)),
};

/** Only the last star that was met can have to take more: what came before it fits as it is, so nothing is tried twice. */
function fits(wanted: ArrayLike<string>, given: ArrayLike<string>, { isStar, equal }: Comparing): boolean {
  let [w, g] = [0, 0];
  let star: { readonly behind: number; taken: number } | undefined;
  while (g < given.length) {
    const next = wanted[w];
    if (next !== undefined && isStar(next)) star = { behind: ++w, taken: g };
    else if (next !== undefined && equal(next, given[g] ?? "")) [w, g] = [w + 1, g + 1];
    else if (star) [w, g] = [star.behind, ++star.taken];
    else return false;
  }
  while (isStar(wanted[w] ?? "")) w++;
  return w === wanted.length;
}
