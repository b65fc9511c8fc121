/** What a caller may do in a repository: see that it and its tags exist, read its content, add to it, take from it. */
export const ACTIONS = ["list", "pull", "push", "delete"] as const;

export type Action = (typeof ACTIONS)[number];

/** Words for several actions at once. */
export const SHORTHANDS: Readonly<Record<string, readonly Action[]>> = {
  read: ["list", "pull"],
  write: ["list", "pull", "push"],
  admin: ACTIONS,
};

/** Actions by their names and shorthands; `undefined` when one of the words is neither. */
export function parseActions(words: readonly string[]): ReadonlySet<Action> | undefined {
  const found = words.map((word) =>
    Object.hasOwn(SHORTHANDS, word) ? SHORTHANDS[word] : ACTIONS.filter((action) => action === word),
  );
  if (found.some((actions) => actions === undefined || actions.length === 0)) return undefined;
  return new Set(found.flatMap((actions) => actions ?? []));
}
