/**
 * The sixth step: a small blob stands in the row that makes it a member of its repository, not in a store of its own. So
 * what makes it a member keeps it too, and it goes with the last repository that has it.
 */
export const SMALL_BLOBS: readonly string[] = [`alter table blob add column bytes {bytes}`];
