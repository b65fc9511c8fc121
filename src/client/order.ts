import { semverKey } from "../oci/semver.ts";
import type { Item } from "./registry.ts";
import { unsupported, type Effort, type Parameters } from "./selector.ts";

/** How items that were collected are put in order. */
export type LocalOrder = {
  /** How much of each has to be read. */
  readonly effort: Effort;
  readonly compare: (a: Item, b: Item) => number;
};

type Key = (item: Item) => string | number;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const amount: (field: string) => Key = (field) => (item) => Number(item[field] ?? -1);

/** By what a list can be ordered that was collected from names and manifests. */
const KEYS: Readonly<Record<string, { effort: Effort; key: Key }>> = {
  name: { effort: "name", key: nameOf },
  semver: { effort: "name", key: (item) => semverKey(text(item["name"])) },
  size: { effort: "head", key: amount("size") },
  imageSize: { effort: "manifest", key: amount("imageSize") },
};

/**
 * Takes the order out of a query. It is `undefined` where none is asked for: then the registry's own will do.
 * @throws UNSUPPORTED for orders by what only a registry's own records say
 */
export function takeOrder(
  parameters: Parameters,
  orders: readonly string[],
): { order: LocalOrder | undefined; selecting: Parameters } {
  const valueOf = (wanted: string): string | undefined => parameters.find(([name]) => name === wanted)?.[1];
  const selecting = parameters.filter(([name]) => name !== "orderBy" && name !== "order");
  if (selecting.length === parameters.length) return { order: undefined, selecting };
  const by = valueOf("orderBy") ?? "name";
  const found = orders.includes(by) ? KEYS[by] : undefined;
  if (found === undefined) throw unsupported([`orderBy=${by}`]);
  const sign = (valueOf("order") ?? (by === "name" ? "asc" : "desc")) === "desc" ? -1 : 1;
  const { effort, key } = found;
  const compare = (a: Item, b: Item): number =>
    sign * ascending(key(a), key(b)) || ascending(nameOf(a), nameOf(b));
  return { order: { effort, compare }, selecting };
}

/** The name of whatever it is, so that no two are equal. A NUL is before everything a name may have. */
function nameOf(item: Item): string {
  const own = text(item["name"]) || text(item["digest"]) || text(item["path"]);
  return "repository" in item ? `${text(item["repository"])}\0${own}` : own;
}

function ascending(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
