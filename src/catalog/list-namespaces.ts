import type { Engine, Value } from "./engine.ts";
import type { ListQuery, Position } from "./items.ts";
import type { Row } from "./list-items.ts";
import { rangesOf, type Condition, type Range } from "./list-orders.ts";
import { stillAt, type KeptPlaces } from "./kept-places.ts";
import { comparePlaces } from "./list-places.ts";
import type { Rows } from "./list-reading.ts";
import type { NameRange, View } from "../oci/view.ts";
import { rangesWithin } from "./view-ranges.ts";

type Seen = ListQuery & { readonly view: View };

/** How a page is made: of namespaces as they are kept, and of repositories that are seen. */
type Readers = {
  readonly readWhole: (range: Range) => Promise<Rows>;
  readonly readNames: (query: ListQuery) => Promise<Rows>;
};

/** Repositories read at a time where namespaces are made of them. */
const REPOSITORIES_AT_A_TIME = 10_000;

/**
 * A page of namespaces for a reader who does not see all of them. Those that are wholly in the view are shown as they are
 * kept; the others are made of the repositories that are seen, so that nothing tells whether there are more.
 */
export async function readSeenNamespaces(
  engine: Engine,
  { query, newest, places }: { query: Seen; newest: number; places: KeptPlaces },
  { readWhole, readNames }: Readers,
): Promise<Rows> {
  const { selector, order, limit, after, view, at = newest } = query;
  const children = new Children(view, selector.under ?? "");
  const [range] = rangesOf("namespaces", selector, order);
  if (!range) return { rows: [] };
  const key = JSON.stringify(["namespaces", view.key, at, selector.under]);
  const make = (): Promise<readonly Row[]> => partialRows(children, query, readNames);
  const isStill = stillAt(engine, { at: query.at, newest });
  const partial = await places.of(key, { make, entries: (rows) => rows.length, isStill });
  const whole: Rows = children.isNone ? { rows: [] } : await readWhole({ ...range, holds: children.whole() });
  const placeOf = (row: Row): Position => {
    const names = order.by === "name" ? ["parent", "path"] : range.by;
    return names.map((name) => row[name]) as unknown as Position;
  };
  const compare = (a: Position, b: Position): number =>
    (order.descending ? -1 : 1) * comparePlaces(a as readonly Value[], b as readonly Value[]);
  const start = order.by === "name" ? after : after && (after.slice(-1) as unknown as Position);
  // Where the whole ones end early, the page ends: behind that are some that have not been looked at.
  const isOnPage = (place: Position): boolean =>
    (!start || compare(place, start) > 0) && (!whole.next || compare(place, whole.next) <= 0);
  const others = partial.filter(
    (row) =>
      (selector.empty === undefined || Number(row["filled"]) > 0 !== selector.empty) &&
      isOnPage(placeOf(row)),
  );
  const all = [...whole.rows, ...others].toSorted((a, b) => compare(placeOf(a), placeOf(b)));
  const rows = all.slice(0, limit);
  const last = rows.at(-1);
  const next = all.length > limit && last ? placeOf(last) : whole.next;
  return { rows, next };
}

/** The children of a namespace as a view shows them. */
class Children {
  readonly #under: string;
  readonly #prefix: string;
  readonly #ranges: readonly NameRange[];
  /** Children of which the view has one part and not the other. */
  readonly #split: ReadonlySet<string>;
  /** Children that are wholly in the view, in two parts of it. */
  readonly #listed: readonly string[];

  constructor(view: View, under: string) {
    this.#under = under;
    this.#prefix = under === "" ? "" : `${under}/`;
    this.#ranges = rangesWithin(view, this.#prefix, under === "" ? undefined : `${under}0`);
    const bounded = new Set(
      this.#ranges.flatMap(({ from, to = "" }) => [from, to]).flatMap((bound) => this.#around(bound)),
    );
    this.#listed = [...bounded].filter((child) => this.#isWhole(child));
    this.#split = new Set([...bounded].filter((child) => !this.#isWhole(child)));
  }

  /** True when there is no range in which a child could be whole. */
  get isNone(): boolean {
    return this.#ranges.every(({ any }) => any !== undefined);
  }

  /** The child in which a repository is. */
  of(name: string): string {
    const slash = name.indexOf("/", this.#prefix.length);
    return slash < 0 ? name : name.slice(0, slash);
  }

  get parent(): string {
    return this.#under;
  }

  /** The condition for children that are wholly in the view. */
  whole(): Condition {
    const parts: Condition[] = this.#ranges.flatMap(({ from, to, any }) => {
      if (any) return [];
      if (to === undefined) return [{ sql: "f.path >= ?", values: [from] }];
      return [{ sql: "(f.path >= ? and f.path || '0' <= ?)", values: [from, to] }];
    });
    const listed = this.#listed.map((child) => ({ sql: "f.path = ?", values: [child] }));
    const all = [...parts, ...listed];
    return {
      sql: `(${all.map(({ sql }) => sql).join(" or ")})`,
      values: all.flatMap(({ values }) => values),
    };
  }

  /** The names that are seen of children that are not wholly in the view. */
  partial(): NameRange[] {
    const ofSplit = [...this.#split].flatMap((child) => [
      ...rangesWithin(this.#view(), child, `${child}\u0001`),
      ...rangesWithin(this.#view(), `${child}/`, `${child}0`),
    ]);
    const pure = ofSplit.filter(({ any }) => !any);
    return [...pure, ...this.#ranges.filter(({ any }) => any)].toSorted((a, b) => (a.from < b.from ? -1 : 1));
  }

  #view(): View {
    return { key: "", ranges: this.#ranges };
  }

  /** Children whose names, and those below, lie on both sides of a bound. */
  #around(bound: string): string[] {
    if (!bound.startsWith(this.#prefix)) return [];
    const rest = bound.slice(this.#prefix.length);
    const slash = rest.indexOf("/");
    const first = slash < 0 ? rest : rest.slice(0, slash);
    const lengths = Array.from({ length: first.length }, (_, at) => at + 1);
    return lengths
      .filter((length) => (rest[length] ?? "~") < "0")
      .map((length) => this.#prefix + rest.slice(0, length));
  }

  #isWhole(child: string): boolean {
    return this.#covers(child, `${child}\u0001`) && this.#covers(`${child}/`, `${child}0`);
  }

  #covers(from: string, to: string): boolean {
    return this.#ranges.some(
      (range) => !range.any && range.from <= from && (range.to === undefined || to <= range.to),
    );
  }
}

/** Namespaces made of the repositories that are seen in them. */
async function partialRows(
  children: Children,
  query: Seen,
  readNames: Readers["readNames"],
): Promise<readonly Row[]> {
  const ranges = children.partial();
  if (ranges.length === 0) return [];
  const made = new Map<string, Record<string, string | number>>();
  const view = { key: `${query.view.key} in part below ${children.parent}`, ranges };
  const order = { by: "name", descending: false } as const;
  let after: Position | undefined;
  do {
    const page: Rows = await readNames({
      selector: {},
      view,
      order,
      limit: REPOSITORIES_AT_A_TIME,
      at: query.at,
      after,
    });
    for (const row of page.rows) add(made, children, row);
    after = page.next;
  } while (after);
  return [...made.values()];
}

function add(made: Map<string, Record<string, string | number>>, children: Children, row: Row): void {
  const name = String(row["name"]);
  const path = children.of(name);
  const [since, born, created, updated] = ["since", "born", "created", "updated"].map((column) =>
    Number(row[column]),
  );
  const old = made.get(path);
  const least = (column: string, value = 0): number => Math.min(Number(old?.[column] ?? value), value);
  const most = (column: string, value = 0): number => Math.max(Number(old?.[column] ?? value), value);
  made.set(path, {
    parent: children.parent,
    path,
    repository: Number(old?.["repository"] ?? 0) + (name === path ? 1 : 0),
    repositories: Number(old?.["repositories"] ?? 0) + (name === path ? 0 : 1),
    filled: Number(old?.["filled"] ?? 0) + (Number(row["manifests"]) > 0 ? 1 : 0),
    born: least("born", born),
    created: least("created", created),
    since: most("since", since),
    updated: most("updated", updated),
  });
}
