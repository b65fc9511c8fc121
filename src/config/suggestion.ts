/** How many letters a misspelt name may be off before a guess helps nobody. */
const EDITS_MAX = 3;

/** ` Did you mean "…"?` with the nearest of the known names, or nothing when none is near. */
export function suggestion(wrong: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, edits: editsBetween(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(EDITS_MAX, name.length / 2))
    .toSorted((a, b) => a.edits - b.edits)[0];
  return near === undefined ? "" : ` Did you mean ${near.name}?`;
}

/** Letters to add, drop or change to make one word of the other (Levenshtein's distance). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let index = 0; index < a.length; index++) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++) {
      const kept = (row[column - 1] ?? 0) + (a[index] === b[column - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
