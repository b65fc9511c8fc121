/** How much of a refused value a message repeats, in UTF-16 units. */
const SHOWN_MAX = 80;

/**
 * A refused value as a message may repeat it: on one line, escaped, shortened, so that what a stranger sent
 * can neither flood a log nor write to a terminal. Arrays and objects are only named.
 */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "number") return value.toString();
  if (typeof value !== "string") return JSON.stringify(value);
  const short = value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value;
  return JSON.stringify(short).replaceAll(/\p{C}/gu, "?");
}

/** Names in a sentence, with commas and one "and". */
export function enumerated(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
