import type { Pattern } from "../oci/pattern.ts";

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
