/**
 * Whether a text is like a pattern in which `*` stands for any text and `?` for one character. Takes at most the product
 * of both lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let inText = 0;
  /** Where to go on if what follows the last `*` does not fit: it then stands for one character more. */
  let retry: { at: number; inText: number } | undefined;
  while (inText < text.length) {
    if (pattern[at] === "*") {
      retry = { at: ++at, inText };
    } else if (pattern[at] === "?" || pattern[at] === text[inText]) {
      at++;
      inText++;
    } else if (retry !== undefined) {
      retry.inText++;
      ({ at, inText } = retry);
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
