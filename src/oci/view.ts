import { matches, type Pattern } from "./pattern.ts";

/**
 * A stretch of repository names in the order of their bytes: from `from` on, before `to`, if there is an end. With `any`
 * only those names of it that fit all patterns of one of these.
 */
export type NameRange = {
  readonly from: string;
  readonly to?: string | undefined;
  readonly any?: readonly (readonly Pattern[])[] | undefined;
};

/**
 * The repositories that a reader may see, of all that are and may come to be. What a reader is shown depends on these and
 * on nothing else: no page, count, position or limit tells whether there are others.
 */
export type View = {
  /** The same text for views that show the same. */
  readonly key: string;
  /** In order; no name is in two of them. */
  readonly ranges: readonly NameRange[];
};

/** True when the view shows repositories of this name. */
export function shows({ ranges }: View, name: string): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.from ?? "") <= name) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  if (!range || (range.to !== undefined && name >= range.to)) return false;
  return range.any?.some((all) => all.every((pattern) => matches(pattern, name))) ?? true;
}
