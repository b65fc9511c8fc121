import type { Engine } from "./engine.ts";
import type { Hit, Match } from "./hits.ts";
import type { ListQuery } from "./items.ts";
import { detailsOf, itemsOf, type Row } from "./list-items.ts";
import { columnsOf, TABLES } from "./list-orders.ts";
import { versionGiven } from "./moment.ts";
import { placeholders } from "./rows.ts";
import { batches, type Candidate, type HitKind } from "./search-candidates.ts";
import { rank } from "./search-rank.ts";
import type { Found, Search } from "./search-found.ts";

/** Digests that one statement asks for. */
const DIGESTS_PER_STATEMENT = 100;

/** Says of candidates how well words fit them, by all that they say. */
export async function ranked(
  engine: Engine,
  words: readonly string[],
  candidates: readonly Candidate[],
): Promise<Found[]> {
  const digests = new Set(candidates.flatMap(({ digest }) => digest ?? []));
  const values = await valuesOf(engine, words, [...digests]);
  const found: Found[] = [];
  const shown = new Set<string>();
  for (const candidate of candidates.toSorted((a, b) => b.changed - a.changed)) {
    const { relevance, matched } = rank(words, textsOf(candidate, values.get(candidate.digest ?? "")));
    if (relevance === 0) continue;
    // Tags of one manifest that are found by what it says are one hit: that of the tag that moved last.
    if (matched.length > 0 && matched.every(({ field }) => field !== "name" && field !== "repository")) {
      const key = `${candidate.repository} ${candidate.digest ?? ""}`;
      if (shown.has(key)) continue;
      shown.add(key);
    }
    found.push({ ...candidate, relevance, matched });
  }
  return found;
}

function textsOf(
  { kind, repository, tag, described }: Candidate,
  values: readonly ValueRow[] | undefined = [],
): Match[] {
  if (kind === "repositories") return [{ field: "name", value: repository }];
  return [
    ...(tag === undefined ? [] : [{ field: "name", value: tag }]),
    { field: "repository", value: repository },
    ...values
      .filter(({ source }) => source === "annotations" || described)
      .map(({ source, key, value }) => ({ field: `${source}.${key}`, value })),
  ];
}

type ValueRow = { digest: string; source: "annotations" | "labels"; key: string; value: string };

/** Values that have a word in them, by digest; annotations before labels, in the order of their keys. */
async function valuesOf(
  engine: Engine,
  words: readonly string[],
  digests: readonly string[],
): Promise<Map<string, ValueRow[]>> {
  const conditions = words.map((word) => engine.parts.within("lower(c.value)", word));
  const parts = conditions.flatMap(({ values }) => values);
  const byDigest = new Map<string, ValueRow[]>();
  for (const source of ["annotations", "labels"]) {
    for (const some of batches(digests, DIGESTS_PER_STATEMENT)) {
      const rows = await engine.all<ValueRow>(
        `select c.digest, '${source}' as source, c.key, c.value from content_${source.slice(0, -1)} c
          where c.digest in (${placeholders(some.length)}) and (${conditions.map(({ sql }) => sql).join(" or ")})
          order by c.digest, c.key`,
        [...some, ...parts],
      );
      for (const row of rows) byDigest.set(row.digest, [...(byDigest.get(row.digest) ?? []), row]);
    }
  }
  return byDigest;
}

const HIT_KINDS: Readonly<Record<HitKind, Hit["kind"]>> = {
  repositories: "repository",
  tags: "tag",
  manifests: "manifest",
};

/** The items of a page, in its order. */
export async function hitsOf(engine: Engine, { at }: Search, found: readonly Found[]): Promise<Hit[]> {
  const hits = new Map<Found, Hit>();
  for (const kind of Object.keys(HIT_KINDS) as HitKind[]) {
    const some = found.filter((each) => each.kind === kind);
    if (some.length === 0) continue;
    const rows = new Map(
      (await rowsOf(engine, kind, { found: some, at })).map((row) => [keyOf(kind, row), row]),
    );
    const here = some.filter((each) => rows.has(keysOf(each).join(" ")));
    const items = await itemsOf(engine, kind, {
      rows: here.map((each) => rows.get(keysOf(each).join(" ")) ?? {}),
      query: queryAt(at),
    });
    for (const [position, each] of here.entries()) {
      hits.set(each, { kind: HIT_KINDS[kind], ...items[position], matched: each.matched } as Hit);
    }
  }
  return found.flatMap((each) => hits.get(each) ?? []);
}

async function rowsOf(
  engine: Engine,
  kind: HitKind,
  { found, at }: { found: readonly Found[]; at: number },
): Promise<Row[]> {
  const { table, columns, names } = TABLES[kind];
  const details = detailsOf(engine, kind, queryAt(at));
  const { sql, values } = versionGiven(table, names, at);
  const keys = found.map(keysOf);
  const marks = keys.map((key) => `(${placeholders(key.length)})`).join(", ");
  return engine.all<Row>(
    `select ${columnsOf(columns)}${details.columns} from (values ${marks}) given cross join ${table} f
      ${details.join} where ${sql}`,
    [...details.values, ...keys.flat(), ...values],
  );
}

function queryAt(at: number): ListQuery {
  return { selector: {}, order: { by: "name", descending: false }, limit: 1, at };
}

function keysOf({ repository, tag, digest, kind }: Found): string[] {
  return kind === "repositories" ? [repository] : [repository, tag ?? digest ?? ""];
}

function keyOf(kind: HitKind, row: Row): string {
  return TABLES[kind].names.map((name) => String(row[name])).join(" ");
}
