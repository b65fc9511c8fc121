import type { Condition } from "./list-orders.ts";

/** A condition on rows `f`, and how to find those it holds for without looking at others, where that is possible. */
export type Filter = Condition & {
  readonly finder?: Finder | undefined;
  /** The index in which what is current of it, and nothing else, stands together in the order of the names. */
  readonly indexByName?: string | undefined;
  /** An index in the order of the names of those rows that `sql` is true of, which all that the filter holds for are among. */
  readonly among?: Condition & { readonly index: string };
  /** It looks something up in another table for each row. */
  readonly looksUp?: boolean;
};

/** `sql` with its values finds the rows of a filter by this index; other rows may be among them. */
export type Finder = Condition & {
  readonly index: string;
  /** Selects one row for each content that it looks rows up for. */
  readonly contents?: Condition;
};
