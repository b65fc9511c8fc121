import type {
  Items,
  ListKind,
  ListQuery,
  ManifestItem,
  RepositoryItem,
  TagItem,
} from "../../../src/catalog/items.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import type { Entry, Key } from "./list-model.ts";

type Item = Items[ListKind];

/** What a list has to show of these entries, all pages together. */
export function expectedItems(
  kind: ListKind,
  entries: readonly Entry<Item>[],
  { selector, order, after, include }: ListQuery,
): Item[] {
  const sign = order.descending ? -1 : 1;
  const keyOf = (entry: Entry<Item>): Key => entry.keys[order.by] ?? [];
  return entries
    .filter((entry) => isSelected(kind, entry, selector))
    .filter((entry) => !after || sign * compare(keyOf(entry), after as Key) > 0)
    .toSorted((a, b) => sign * compare(keyOf(a), keyOf(b)))
    .map(({ item }) => shown(kind, item, include));
}

/** Parts of an item that are shown on request alone. */
const ON_REQUEST: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["latest", "artifactTypes"],
  tags: ["platforms", "annotations", "labels"],
  manifests: [],
  namespaces: [],
};

function shown(kind: ListKind, item: Item, include: ReadonlySet<string> = new Set()): Item {
  const parts = Object.entries(item).filter(
    ([name]) => !ON_REQUEST[kind].includes(name) || include.has(name),
  );
  return Object.fromEntries(parts) as unknown as Item;
}

/** By bytes where it is text. A key that is the beginning of another comes before it. */
function compare(a: Key, b: Key): number {
  for (const [position, one] of a.entries()) {
    const other = b[position] ?? "";
    const order =
      typeof one === "number" && typeof other === "number"
        ? one - other
        : Buffer.compare(Buffer.from(`${one}`), Buffer.from(`${other}`));
    if (order !== 0) return order;
  }
  return 0;
}

function isSelected(kind: ListKind, entry: Entry<Item>, selector: Selector): boolean {
  if (kind === "namespaces") {
    const { path } = entry.item as Items["namespaces"];
    return path.slice(0, Math.max(path.lastIndexOf("/"), 0)) === (selector.under ?? "");
  }
  const item = entry.item as RepositoryItem & TagItem & ManifestItem;
  const name = kind === "repositories" ? item.name : item.repository;
  const [created, updated] = kind === "manifests" ? [item.pushed, item.pushed] : [item.created, item.updated];
  return (
    isPlaced(name, selector) &&
    isBetween(created, selector.createdSince, selector.createdBefore) &&
    isBetween(updated, selector.updatedSince, selector.updatedBefore) &&
    (selector.empty === undefined || selector.empty === (item.manifestCount === 0)) &&
    (selector.tagged === undefined || selector.tagged === entry.isTagged) &&
    (selector.tag === undefined ||
      (kind === "tags" ? [item.name] : item.tags).some((tag) => isLike(tag, selector.tag))) &&
    (kind === "repositories" || hasContent(item, entry, selector))
  );
}

function isPlaced(name: string, { under, depth, repository, name: glob }: Selector): boolean {
  const below = under === undefined ? name : name.slice(under.length + 1);
  const segments = below === "" ? 0 : below.split("/").length;
  return (
    (under === undefined || name === under || name.startsWith(`${under}/`)) &&
    (depth === undefined || segments <= depth) &&
    (repository === undefined || name === repository) &&
    isLike(name, glob)
  );
}

function hasContent(item: TagItem & ManifestItem, { content }: Entry<Item>, selector: Selector): boolean {
  const {
    digest,
    artifactType,
    mediaType,
    classes,
    platforms = [],
    annotations = [],
    labels = [],
    subject,
  } = selector;
  const has = (
    pairs: Readonly<Record<string, string>>,
    { key, value }: { key: string; value?: string | undefined },
  ) => key in pairs && (value === undefined || pairs[key] === value);
  return (
    (digest === undefined || item.digest.startsWith(digest)) &&
    (artifactType === undefined || item.artifactType === artifactType) &&
    (mediaType === undefined || item.mediaType === mediaType) &&
    (classes === undefined || classes.includes(item.class)) &&
    platforms.every((platform) => item.platforms.some((each) => isPlatform(each, platform))) &&
    annotations.every((pair) => has(item.annotations, pair)) &&
    labels.every((pair) => has(item.labels, pair)) &&
    (subject === undefined || content?.subject === subject)
  );
}

/** Platforms that clients take for others. */
const SAME: Readonly<Record<string, string>> = {
  "linux/arm64/v8": "linux/arm64",
  "linux/aarch64": "linux/arm64",
  "linux/arm/v7": "linux/arm",
  "linux/amd64/v1": "linux/amd64",
};

/** Of one that is asked for with a variant, exactly this; else any variant. */
function isPlatform(each: string, asked: string): boolean {
  const [one, other] = [each, asked].map((platform) => SAME[platform] ?? platform);
  const isExact = asked.split("/").length > 2;
  return one === other || (!isExact && `${each}/`.startsWith(`${other}/`));
}

function isBetween(text: string, since: Date | undefined, before: Date | undefined): boolean {
  const time = new Date(text);
  return (since === undefined || time >= since) && (before === undefined || time < before);
}

function isLike(text: string, glob: string | undefined): boolean {
  if (glob === undefined) return true;
  const letters = glob.split("").map((letter) => {
    if (letter === "*") return ".*";
    return letter === "?" ? "." : letter.replace(/[\^$\\.*+?()[\]{}|]/, "\\$&");
  });
  return new RegExp(`^${letters.join("")}$`, "s").test(text);
}
