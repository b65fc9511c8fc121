import type { ListKind, Order, OrderBy, Position } from "./items.ts";
import type { Value } from "./engine.ts";
import { placeholders } from "./rows.ts";
import type { Selector } from "./selector.ts";

/** The table of each list, the columns that name an entry, and those its items are made of. */
type Table = {
  readonly table: string;
  readonly names: readonly string[];
  readonly columns: readonly string[];
};

export const TABLES: Readonly<Record<ListKind, Table>> = {
  repositories: {
    table: "repository",
    names: ["name"],
    columns: ["name", "created", "updated", "tags", "manifests", "size", "pulled"],
  },
  tags: {
    table: "tag",
    names: ["repository", "name"],
    columns: [
      "repository",
      "name",
      "digest",
      "media_type",
      "artifact_type",
      "class",
      "size",
      "image_size",
      "created",
      "updated",
      "pulled",
    ],
  },
  manifests: {
    table: "manifest",
    names: ["repository", "digest"],
    columns: [
      "repository",
      "digest",
      "media_type",
      "artifact_type",
      "class",
      "size",
      "image_size",
      "pushed",
      "pulled",
      "subject",
      "image_created",
      "platforms",
    ],
  },
  namespaces: {
    table: "namespace",
    names: ["parent", "path"],
    columns: ["parent", "path", "repository", "repositories", "created", "updated"],
  },
};

/** Columns of rows `f`, each of them once. */
export function columnsOf(...columns: readonly (readonly string[])[]): string {
  return [...new Set(columns.flat())].map((column) => `f.${column}`).join(", ");
}

/** Columns that order a list. Revisions make them different in every row: times alone would not. */
const COLUMNS: Readonly<Record<Exclude<OrderBy, "name">, readonly string[]>> = {
  created: ["born"],
  updated: ["since"],
  size: ["size", "born"],
  imageSize: ["image_size", "born"],
  pulled: ["pulled", "born"],
  semver: ["semver", "born"],
};

const INDEX_NAMES: Readonly<Record<Exclude<OrderBy, "name">, string>> = {
  created: "created",
  updated: "updated",
  size: "size",
  imageSize: "image_size",
  pulled: "pulled",
  semver: "semver",
};

/** Columns in the order of their bytes. All others hold numbers, 0 or more. */
const TEXTS: ReadonlySet<string> = new Set(["name", "repository", "path", "digest", "semver"]);

/** A stretch of a table in the order of an index. */
export type Range = {
  readonly index: string;
  /** Column and value that all of it share. */
  readonly equal?: readonly [column: string, value: string] | undefined;
  /** Columns it is ordered by, without the one that is equal. */
  readonly by: readonly string[];
  /** Bounds of the first of these: the least value in it, and the least behind it. */
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
  /** What else holds for each row that is in it. */
  readonly holds?: Condition | undefined;
};

/** The stretches of a list one after the other, before any filter that is not a stretch. */
export function rangesOf(kind: ListKind, selector: Selector, order: Order): Range[] {
  const { table } = TABLES[kind];
  if (kind === "namespaces") {
    const equal = ["parent", selector.under ?? ""] as const;
    const by = order.by === "name" ? ["path"] : [order.by === "created" ? "born" : "since"];
    return [{ index: `namespace_by_${order.by}`, equal, by }];
  }
  if (order.by === "name") return byName(kind, selector, order);
  // A manifest never changes: it is updated when it is pushed.
  const by = kind === "manifests" && order.by === "updated" ? "created" : order.by;
  const columns = { by: COLUMNS[by], ...boundsOf(selector, by) };
  const { repository } = selector;
  if (repository === undefined || kind === "repositories") {
    return [{ index: `${table}_by_${INDEX_NAMES[by]}`, ...columns }];
  }
  const equal = ["repository", repository] as const;
  return [{ index: `${table}_repository_by_${INDEX_NAMES[by]}`, equal, ...columns }];
}

/** Revisions of `Selector` times, once they are known: see `list-filters.ts`. */
export type RevisionBounds = {
  readonly bornFrom?: number;
  readonly bornTo?: number;
  readonly sinceFrom?: number;
  readonly sinceTo?: number;
};

function boundsOf(selector: Selector & RevisionBounds, by: OrderBy): Pick<Range, "from" | "to"> {
  if (by === "created") return { from: selector.bornFrom, to: selector.bornTo };
  if (by === "updated") return { from: selector.sinceFrom, to: selector.sinceTo };
  return {};
}

function byName(kind: ListKind, selector: Selector, { descending }: Order): Range[] {
  const { table, names } = TABLES[kind];
  const index = `${table}_current`;
  const { repository, under, name, tag } = selector;
  if (repository !== undefined && kind !== "repositories") {
    const within = { index, equal: ["repository", repository] as const, by: names.slice(1) };
    return [{ ...within, ...(kind === "tags" && tag !== undefined && beginningWith(literal(tag))) }];
  }
  const all = { index, by: names };
  if (repository !== undefined) return [{ ...all, from: repository, to: behindOnly(repository) }];
  if (under !== undefined) {
    const itself = { ...all, from: under, to: behindOnly(under) };
    const ranges = [itself, { ...all, from: `${under}/`, to: `${under}0` }];
    return descending ? ranges.toReversed() : ranges;
  }
  return [{ ...all, ...(name !== undefined && beginningWith(literal(name))) }];
}

/** What a glob says literally before its first wildcard. */
export function literal(glob: string): string {
  return /^[^*?]*/.exec(glob)?.[0] ?? "";
}

/** The least text behind this one that is no name: names have no control characters. */
function behindOnly(name: string): string {
  return `${name}\u0001`;
}

/** Bounds of all ASCII texts that begin so. */
export function beginningWith(beginning: string): { from?: string; to?: string } {
  return beginning === "" ? {} : { from: beginning, to: `${beginning}\u007f` };
}

export type Condition = { readonly sql: string; readonly values: readonly Value[] };

/**
 * The condition for what of a range comes after a place in this order, up to and including `stop`; `undefined` when nothing
 * of it does. Each end is bounded once: of two bounds a database may pick the one that is farther away, and read all that
 * lies between.
 */
export function behind(
  { equal, by, from, to }: Range,
  after: Position | undefined,
  { descending, stop }: Order & { stop?: Position | undefined },
): Condition | undefined {
  const whole = after && after.length > by.length ? after[0] : equal?.[1];
  const isElsewhere = equal !== undefined && whole !== undefined && whole !== equal[1];
  if (isElsewhere && isLess(whole, equal[1]) === descending) return undefined;
  const place = isElsewhere ? undefined : partOf(after, by);
  const start = place?.[0];
  if (start !== undefined && (descending ? isLess(start, from) : !isLess(start, to, true))) return undefined;
  const isInside = start !== undefined && (descending ? isLess(start, to, true) : !isLess(start, from));
  const near = descending ? to : leastOf({ by, from });
  return allOf([
    ...(equal ? [{ sql: `f.${equal[0]} = ?`, values: [equal[1]] }] : []),
    ...(isInside ? rowIs(by, descending ? "<" : ">", place) : firstIs(by, descending ? "<" : ">=", near)),
    ...upTo({ by, from, to }, { descending, stop }),
  ]);
}

/** The conditions for what of a range does not come behind `stop`, or its end. */
export function upTo(
  range: Pick<Range, "by" | "from" | "to">,
  { descending, stop }: Pick<Order, "descending"> & { stop?: Position | undefined },
): Condition[] {
  const { by, to } = range;
  if (stop) return rowIs(by, descending ? ">=" : "<=", partOf(stop, by));
  return descending ? firstIs(by, ">=", leastOf(range)) : firstIs(by, "<", to);
}

/** Every value is at or above the least, but saying so has it looked up where it begins. */
function leastOf({ by: [first = ""], from }: Pick<Range, "by" | "from">): string | number {
  return from ?? (TEXTS.has(first) ? "" : 0);
}

function partOf(position: Position | undefined, by: readonly string[]): readonly Value[] | undefined {
  return position?.slice(position.length - by.length).map((value) => value ?? "");
}

function rowIs(by: readonly string[], operator: string, place: readonly Value[] | undefined): Condition[] {
  if (!place) return [];
  const row = by.map((column) => `f.${column}`).join(", ");
  return [{ sql: `(${row}) ${operator} (${placeholders(by.length)})`, values: place }];
}

function firstIs([first = ""]: readonly string[], operator: string, value: Value | undefined): Condition[] {
  return value === undefined ? [] : [{ sql: `f.${first} ${operator} ?`, values: [value] }];
}

/** Bytewise for texts, as the databases order them. Without a bound `unbounded`. */
function isLess(value: Value, bound: string | number | undefined, unbounded = false): boolean {
  if (bound === undefined) return unbounded;
  if (typeof value === "number" && typeof bound === "number") return value < bound;
  return Buffer.compare(Buffer.from(String(value)), Buffer.from(String(bound))) < 0;
}

/** All conditions as one; true when there are none. */
export function allOf(parts: readonly Condition[]): Condition {
  return {
    sql: parts.length === 0 ? "true" : parts.map(({ sql }) => sql).join(" and "),
    values: parts.flatMap(({ values }) => values),
  };
}

/** Any of the conditions, of which there is at least one. */
export function anyOf(conditions: readonly Condition[]): Condition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(" or ")})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** `order by` for the columns of a range, of the rows that a name stands for. */
export function orderOf({ by }: Range, { descending }: Order, alias?: string): string {
  return by.map((column) => `${alias ? `${alias}.` : ""}${column}${descending ? " desc" : ""}`).join(", ");
}
