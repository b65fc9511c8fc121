import type { Catalog, Revision } from "../catalog/catalog.ts";
import type { Items, ListKind, Order } from "../catalog/items.ts";
import type { Selector } from "../catalog/selector.ts";
import { readFullPage } from "./full-page.ts";

/** At most `n` entries that come after `last` in bytewise order, now or at a revision. `last` need not exist. */
export type NamePage = { readonly n: number; readonly last: string; readonly at?: Revision | undefined };

/** A page by names, the revision whose facts it shows, and the name behind which the next begins, if one follows. */
export type Named<Entry> = {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  readonly next?: string | undefined;
};

const BY_NAME: Order = { by: "name", descending: false };

/** Reads repositories by name, or what is in one by tag or digest. `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
export async function readNamePage<Kind extends Exclude<ListKind, "namespaces">>(
  catalog: Catalog,
  kind: Kind,
  { selector, page: { n, last, at } }: { selector: Selector; page: NamePage },
): Promise<Named<Items[Kind]>> {
  const after = kind === "repositories" ? ([last] as const) : ([selector.repository ?? "", last] as const);
  const { revision, items, next } = await readFullPage(catalog, kind, {
    selector,
    order: BY_NAME,
    limit: n,
    after: last === "" ? undefined : after,
    at,
  });
  return { revision, entries: items, ...(next && { next: String(next.at(-1)) }) };
}

/**
 * A page of names as they are now, which costs least, and is right for most crawls, as nothing was written since they began.
 * `undefined` when the page is to be of an older revision, or something is written while it is read.
 */
export async function readPresent<Name extends string>(
  catalog: Catalog,
  { n, at }: NamePage,
  read: (limit: number) => Promise<readonly Name[]>,
): Promise<Named<Name> | undefined> {
  const { revision } = await catalog.bounds();
  if (at !== undefined && at !== revision) return undefined;
  const found = await read(n + 1);
  if ((await catalog.bounds()).revision !== revision) return undefined;
  const entries = found.slice(0, n);
  return { revision, entries, ...(found.length > n && { next: entries.at(-1) }) };
}
