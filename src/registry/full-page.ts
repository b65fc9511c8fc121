import type { Catalog } from "../catalog/catalog.ts";
import type { Items, ListKind, ListPage, ListQuery } from "../catalog/items.ts";

/** How often a page is read on where the catalog has ended it early. Each time it has looked at thousands of items. */
const READINGS_MAX = 20;

/**
 * A page of a list that is full or the last one, as clients expect that take a short page for the end. Only among very
 * many items that its filters leave out, or that were not there at its moment, it is short and yet has a `next`.
 */
export async function readFullPage<Kind extends ListKind>(
  catalog: Catalog,
  kind: Kind,
  query: ListQuery,
): Promise<ListPage<Items[Kind]>> {
  const first = await catalog.list(kind, query);
  const { revision } = first;
  const items = [...first.items];
  let { next } = first;
  for (let readings = 1; next && items.length < query.limit && readings < READINGS_MAX; readings++) {
    const limit = query.limit - items.length;
    const rest = await catalog.list(kind, { ...query, limit, after: next, at: revision });
    items.push(...rest.items);
    next = rest.next;
  }
  return { revision, items, next };
}
