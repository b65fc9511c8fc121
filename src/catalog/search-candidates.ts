import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Revision } from "./catalog.ts";
import type { Engine, Value } from "./engine.ts";
import type { ListKind } from "./items.ts";
import { allOf, behind, TABLES, type Condition, type Range } from "./list-orders.ts";
import { versionGiven } from "./moment.ts";
import { placeholders } from "./rows.ts";

/** The lists that hits come from. */
export type HitKind = Exclude<ListKind, "namespaces">;

/** Something that may be shown. */
export type Candidate = {
  readonly kind: HitKind;
  readonly repository: RepositoryName;
  readonly tag?: Tag | undefined;
  readonly digest?: Digest | undefined;
  /** The revision of its last change, which no other of its kind has. */
  readonly changed: Revision;
  /** True when what its config says is known. */
  readonly described: boolean;
};

/** Facts that are looked for: of one kind at a revision, and what holds for each. */
export type Wanted = {
  readonly kind: HitKind;
  readonly at: Revision;
  readonly conditions: readonly Condition[];
  /** What holds for all that the reader may see; it is among the conditions too. */
  readonly seen: Condition;
};

/** True of what may show its labels: its config has been pushed to this same repository. */
export const DESCRIBED: Readonly<Record<HitKind, string>> = {
  repositories: "1 = 0",
  tags: "f.described = 1",
  manifests: "f.described = 1",
};

const COLUMNS: Readonly<Record<HitKind, string>> = {
  repositories: "f.name as repository, null as tag, null as digest, f.since as changed",
  tags: "f.repository, f.name as tag, f.digest, f.since as changed",
  manifests: "f.repository, null as tag, f.digest, f.born as changed",
};

/** An index by which facts that share a value are found, and the column in whose order they come. */
export type Way = { readonly index: string; readonly column: string; readonly order: string };

/** Ways from what a word was found in to the facts of each kind. */
export const WAYS = {
  tags: {
    tag: { index: "tag_name", column: "name", order: "since desc" },
    repository: { index: "tag_repository_by_updated", column: "repository", order: "since desc" },
    digest: { index: "tag_digest", column: "digest", order: "since desc" },
  },
  manifests: {
    repository: { index: "manifest_untagged", column: "repository", order: "digest" },
    digest: { index: "manifest_digest", column: "digest", order: "repository" },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Way>>>>;

const BY_NAME = { by: "name", descending: false } as const;

/** Values that one statement follows a way from. */
const VALUES_PER_STATEMENT = 40;
const NAMES_PER_STATEMENT = 200;

type Row = {
  repository: RepositoryName;
  tag: Tag | null;
  digest: Digest | null;
  changed: number;
  described: number;
};

/** Current facts by way of an index, of which so many are looked at for each value. */
export async function byWay(
  engine: Engine,
  { kind, at, conditions, seen }: Wanted,
  { way, values, rowsPerValue }: { way: Way; values: readonly string[]; rowsPerValue: number },
): Promise<Candidate[]> {
  const { table } = TABLES[kind];
  const { index, column, order } = way;
  // An index of untagged manifests alone is of use only where that is asked for.
  const untagged = kind === "manifests" ? "and f.tagged = 0 and f.digest > ''" : "";
  const one = `select * from (select f.* from ${table} f ${engine.using(index)}
    where f.${column} = ? and f.until is null ${untagged} and f.since <= ? and ${seen.sql} order by f.${order} limit ?) page`;
  const found: Candidate[] = [];
  for (const some of batches(values, VALUES_PER_STATEMENT)) {
    const source = some.map(() => one).join(" union all ");
    const given = some.flatMap((value): Value[] => [value, at, ...seen.values, rowsPerValue]);
    found.push(...(await select(engine, kind, { source: `(${source})`, given, conditions })));
  }
  return found;
}

/** Current facts that are seen, at most so many, by looking at each of them. */
export async function bySight(
  engine: Engine,
  { kind, at, conditions }: Wanted,
  { ranges, limit }: { ranges: readonly Range[]; limit: number },
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const some of batches(ranges, VALUES_PER_STATEMENT)) {
    const parts = some.map((range) =>
      allOf([behind(range, undefined, BY_NAME), range.holds].filter((part) => part !== undefined)),
    );
    const { table } = TABLES[kind];
    const source = parts.map(
      ({ sql }) =>
        `select * from (select f.* from ${table} f ${engine.using(`${table}_current`)}
          where f.until is null and f.since <= ? and ${sql} limit ?) page`,
    );
    const given = parts.flatMap(({ values }): Value[] => [at, ...values, limit]);
    found.push(
      ...(await select(engine, kind, { source: `(${source.join(" union all ")})`, given, conditions })),
    );
  }
  return found;
}

/** Current repositories by their names. */
export async function byName(
  engine: Engine,
  { kind, at, conditions }: Wanted,
  names: readonly string[],
): Promise<Candidate[]> {
  const { table } = TABLES[kind];
  const found: Candidate[] = [];
  for (const some of batches(names, NAMES_PER_STATEMENT)) {
    const current = `f.name in (${placeholders(some.length)}) and f.until is null and f.since <= ?`;
    const where = [{ sql: current, values: [...some, at] }, ...conditions];
    found.push(...(await select(engine, kind, { source: table, given: [], conditions: where })));
  }
  return found;
}

/** Facts that have ended since the revision. */
export function endedSince(engine: Engine, { kind, at, conditions }: Wanted): Promise<Candidate[]> {
  const { table } = TABLES[kind];
  const ended = { sql: "f.until > ? and f.since <= ?", values: [at, at] };
  return select(engine, kind, {
    source: table,
    using: engine.using(`${table}_until`),
    given: [],
    conditions: [ended, ...conditions],
  });
}

/** Those of the facts named, as lists know them, that the conditions hold for. */
export async function amongNamed(
  engine: Engine,
  { kind, at, conditions }: Omit<Wanted, "seen">,
  keys: readonly (readonly string[])[],
): Promise<Candidate[]> {
  const { table, names } = TABLES[kind];
  const version = versionGiven(table, names, at);
  const found: Candidate[] = [];
  for (const some of batches(keys, NAMES_PER_STATEMENT)) {
    const marks = some.map((key) => `(${placeholders(key.length)})`).join(", ");
    const where = [version, ...conditions];
    const source = `(values ${marks}) given cross join ${table}`;
    found.push(...(await select(engine, kind, { source, given: some.flat(), conditions: where })));
  }
  return found;
}

async function select(
  engine: Engine,
  kind: HitKind,
  {
    source,
    using = "",
    given,
    conditions,
  }: { source: string; using?: string; given: readonly Value[]; conditions: readonly Condition[] },
): Promise<Candidate[]> {
  const where = allOf(conditions);
  const rows = await engine.all<Row>(
    `select ${COLUMNS[kind]}, case when ${DESCRIBED[kind]} then 1 else 0 end as described
      from ${source} f ${using} where ${where.sql}`,
    [...given, ...where.values],
  );
  return rows.map(({ repository, tag, digest, changed, described }) => ({
    kind,
    repository,
    tag: tag ?? undefined,
    digest: digest ?? undefined,
    changed,
    described: described === 1,
  }));
}

/** The same in pieces of so many at the most. */
export function batches<T>(all: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}
