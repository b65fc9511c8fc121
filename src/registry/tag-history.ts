import type { Revision } from "../catalog/catalog.ts";
import type { TagChange } from "../catalog/items.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Registry } from "./registry.ts";

/** Changes that one page looks at, at the most, in as many steps. */
const CHANGES_PER_STEP = 1_000;
const STEPS_MAX = 20;

/** Which changes of a tag are meant, and how many on a page. */
export type HistoryPage = {
  readonly n: number;
  /** Only those of an older revision: where the page before ended. */
  readonly behind?: Revision | undefined;
  /** Only those earlier than this, later than that. */
  readonly before?: Date | undefined;
  readonly since?: Date | undefined;
  /** Only those to or from this manifest. */
  readonly digest?: Digest | undefined;
};

/** Changes of a tag, newest first, and the revision behind which the next page begins, if one follows. */
export type HistoryFound = { readonly changes: readonly TagChange[]; readonly next?: Revision | undefined };

/**
 * What a tag pointed to, also one that is gone; nothing for one that never was. A page may be short and yet have a `next`
 * where very many changes are not meant.
 */
export async function listHistory(
  { catalog }: Registry,
  { repository, tag }: { readonly repository: RepositoryName; readonly tag: Tag },
  page: HistoryPage,
): Promise<HistoryFound> {
  const { n, since } = page;
  if (n === 0) return { changes: [] };
  const changes: TagChange[] = [];
  let before = page.behind;
  for (let step = 0; step < STEPS_MAX; step++) {
    const read = await catalog.tagHistory(repository, tag, { before, limit: CHANGES_PER_STEP });
    changes.push(...read.filter((change) => isMeant(change, page)));
    if (changes.length > n) return { changes: changes.slice(0, n), next: changes[n - 1]?.revision };
    const oldest = read.at(-1);
    const isOver = oldest === undefined || read.length < CHANGES_PER_STEP;
    if (isOver || (since !== undefined && oldest.time <= since)) return { changes };
    before = oldest.revision;
  }
  return { changes, next: before };
}

function isMeant(change: TagChange, { before, since, digest }: HistoryPage): boolean {
  return (
    (before === undefined || change.time < before) &&
    (since === undefined || change.time > since) &&
    (digest === undefined || change.digest === digest)
  );
}
