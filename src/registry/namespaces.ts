import type { Revision } from "../catalog/catalog.ts";
import type { Order, Position } from "../catalog/items.ts";
import type { RepositoryName } from "../oci/name.ts";
import { readFullPage } from "./full-page.ts";
import type { Registry } from "./registry.ts";

/** A page of a namespace's children; it begins behind a child's name, which need not exist, or behind a position. */
export type ChildrenPage = {
  readonly order: Order;
  readonly n: number;
  readonly after: string | Position;
  readonly at?: Revision | undefined;
};

/** Children of a namespace, by their names in it, and where the next page begins, if one follows. */
export type Children = {
  readonly revision: Revision;
  readonly names: readonly string[];
  /** In the order of names a child's name, else a position. */
  readonly next?: string | Position | undefined;
};

/**
 * The immediate children of a namespace, or of the registry, that are repositories with manifests or have such below
 * them. A namespace that does not exist has none. `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function listChildren(
  { catalog }: Registry,
  namespace: RepositoryName | undefined,
  { order, n, after, at }: ChildrenPage,
): Promise<Children> {
  const prefix = namespace === undefined ? "" : `${namespace}/`;
  const relative = (path: unknown): string => String(path).slice(prefix.length);
  const { revision, items, next } = await readFullPage(catalog, "namespaces", {
    selector: { under: namespace, empty: false },
    order,
    limit: n,
    after: typeof after === "string" ? placeOf(after, namespace) : after,
    at,
  });
  return {
    revision,
    names: items.map((item) => relative(item.path)),
    ...(next && { next: order.by === "name" ? relative(next.at(-1)) : next }),
  };
}

function placeOf(last: string, namespace = ""): Position | undefined {
  if (last === "") return undefined;
  return [namespace, namespace === "" ? last : `${namespace}/${last}`];
}
