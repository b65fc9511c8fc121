/** What a registry asks for before it answers (RFC 9110 section 11.6.1). */
export type Challenge = {
  /** In lower case: `bearer`, `basic` or another. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly params: Readonly<Record<string, string>>;
};

// Sticky: each looks only at the place where the reader stands.
const SEPARATORS = /[\s,]*/y;
const SCHEME = /([!#$%&'*+.^_`|~0-9a-z-]+)(?=\s|,|$)(?!\s*=)/iy;
const PARAMETER = /([!#$%&'*+.^_`|~0-9a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/iy;

/**
 * Reads `WWW-Authenticate`, whether challenges came in one line or several joined by commas. What cannot be read ends
 * the list. Never throws.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; params: Record<string, string> }[] = [];
  for (let at = 0; ;) {
    at = matchAt(SEPARATORS, header, at)?.end ?? at;
    const parameter = challenges.length === 0 ? undefined : matchAt(PARAMETER, header, at);
    const found = parameter ?? matchAt(SCHEME, header, at);
    if (found === undefined) return challenges;
    const [, word = "", quoted, token] = found.groups;
    if (parameter === undefined) challenges.push({ scheme: word.toLowerCase(), params: {} });
    else {
      const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? token ?? "";
      Object.assign(challenges.at(-1)?.params ?? {}, { [word.toLowerCase()]: value });
    }
    at = found.end;
  }
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { groups: (string | undefined)[]; end: number } | undefined {
  pattern.lastIndex = at;
  const groups = pattern.exec(text);
  return groups === null ? undefined : { groups, end: pattern.lastIndex };
}
