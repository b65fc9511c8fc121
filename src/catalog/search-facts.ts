import { RegistryError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { filtersOf } from "./list-filters.ts";
import { allOf, anyOf, behind, rangesOf, TABLES, type Condition, type Range } from "./list-orders.ts";
import { revisionBounds } from "./list-times.ts";
import { readRows } from "./list.ts";
import { momentOf } from "./moment.ts";
import {
  amongNamed,
  batches,
  byName,
  bySight,
  byWay,
  DESCRIBED,
  endedSince,
  WAYS,
  type Candidate,
  type HitKind,
  type Wanted,
  type Way,
} from "./search-candidates.ts";
import { relevanceOf } from "./search-rank.ts";
import { leadOf, type Lead, type Text } from "./search-words.ts";
import type { Search } from "./search-found.ts";
import { kindsOf, selectorOf } from "./search-listed.ts";
import { seenRanges } from "./view-ranges.ts";

/** Facts looked at for all texts that a word fits equally well, on each way to facts. */
const ROWS_PER_RELEVANCE = 500;
/** Manifests that texts of one relevance lead to. */
const DIGESTS_PER_RELEVANCE = 200;
/** Of these texts. Each leads to another place on the disk. */
const TEXTS_PER_RELEVANCE = 100;
/** Names of repositories, and tags, that are tried together where one word is in the former and one in the latter. */
const NAMES_COMBINED = 20;
/** Facts that a selector leaves, up to which all of them are looked at instead of what the words lead to. */
const ROWS_SELECTED_MAX = 300;
/** Facts of a kind in the names that are seen, up to which all of them are looked at, and no others at all. */
const ROWS_SEEN_MAX = 50_000;
/** Stretches of names that one statement counts. */
const RANGES_COUNTED = 50;
/** Facts of a kind that have ended since the first page, up to which a further page can be found. */
const ROWS_ENDED_MAX = 5_000;

/**
 * What has all words and is selected, of each kind: completely, where a word is rare or the selector leaves little; otherwise
 * the part that the leading word fits best and that changed last.
 * @throws REVISION_EXPIRED when too much has ended since the revision that is asked for
 */
export async function candidatesOf(engine: Engine, query: Search): Promise<Candidate[]> {
  const { selector, words, at, newest } = query;
  const kinds = kindsOf(selector, { hasWords: true });
  const found: Candidate[] = [];
  let lead: Lead | undefined;
  for (const kind of kinds) {
    const wanted = await wantedOf(engine, kind, { query, hasRepositories: kinds.includes("repositories") });
    const selected = await selectedOf(engine, kind, query);
    if (selected) {
      found.push(...(await amongNamed(engine, wanted, selected)));
      continue;
    }
    const ranges = await rangesSeen(engine, kind, query);
    if (ranges) {
      found.push(...(await bySight(engine, wanted, { ranges, limit: ROWS_SEEN_MAX })));
      if (at < newest) found.push(...(await endedOf(engine, wanted)));
      continue;
    }
    lead ??= await leadOf(engine, words, query.view);
    const isAlone = words.length === 1 && kinds.includes("repositories");
    found.push(...(await FINDERS[kind](engine, { ...lead, wanted, words, isAlone })));
    if (at < newest) found.push(...(await endedOf(engine, wanted)));
  }
  return [...new Map(found.map((each) => [keyOf(each), each])).values()];
}

function keyOf({ kind, repository, tag, digest }: Candidate): string {
  return `${kind} ${repository} ${tag ?? digest ?? ""}`;
}

async function wantedOf(
  engine: Engine,
  kind: HitKind,
  { query, hasRepositories }: { query: Search; hasRepositories: boolean },
): Promise<Wanted> {
  const { words, at } = query;
  const given = selectorOf(kind, query.selector);
  const selector = { ...given, ...(await revisionBounds(engine, given)) };
  const filters = filtersOf(kind, selector, { engine, moment: momentOf(at), isByName: false });
  const repository = kind === "repositories" ? "f.name" : "f.repository";
  const within = (text: string, word: string): Condition => engine.parts.within(text, word);
  const { view } = query;
  const seen = view ? engine.sees(repository, view) : allOf([]);
  const conditions: Condition[] = view ? [...filters, seen] : [...filters];
  if (query.selector.repository !== undefined && kind !== "repositories") {
    conditions.push({ sql: "f.repository = ?", values: [query.selector.repository] });
  }
  for (const word of words) {
    const places = [within(repository, word)];
    if (kind === "tags") places.push(within("lower(f.name)", word));
    if (kind !== "repositories") places.push(...valueConditions(within("lower(c.value)", word), kind));
    conditions.push(anyOf(places));
  }
  // What a repository's own hit says already, is not said again for each of its tags.
  if (hasRepositories && kind !== "repositories") {
    const elsewhere = words.map((word) => {
      const { sql, values } = within(repository, word);
      return { sql: `not (${sql})`, values };
    });
    const named = kind === "tags" ? words.map((word) => within("lower(f.name)", word)) : [];
    conditions.push(anyOf([...elsewhere, ...named]));
  }
  return { kind, at, conditions, seen };
}

// Not by `exists`, for which PostgreSQL may read all values there are, rather than those of a few facts.
function valueConditions({ sql, values }: Condition, kind: HitKind): Condition[] {
  const inTable = (table: string): string =>
    `(select 1 from ${table} c where c.digest = f.digest and ${sql} limit 1) is not null`;
  return [
    { sql: inTable("content_annotation"), values },
    { sql: `(${inTable("content_label")} and ${DESCRIBED[kind]})`, values },
  ];
}

/** Parts of a selector that leave much of a registry: it would take long to find out how much. */
const BROAD: ReadonlySet<string> = new Set(["depth", "mediaType", "classes", "platforms", "tagged", "empty"]);

/** The names that are seen, if so little is in them that all of it can be looked at. */
async function rangesSeen(engine: Engine, kind: HitKind, { view }: Search): Promise<Range[] | undefined> {
  if (!view) return undefined;
  const order = { by: "name", descending: false } as const;
  const ranges = seenRanges(engine, rangesOf(kind, {}, order), { view, order });
  const { table } = TABLES[kind];
  let left = ROWS_SEEN_MAX;
  for (const some of batches(ranges, RANGES_COUNTED)) {
    const parts = some.map((range) => behind(range, undefined, order) ?? allOf([]));
    const counted = parts.map(
      ({ sql }) =>
        `select * from (select 1 as one from ${table} f ${engine.using(`${table}_current`)}
          where f.until is null and ${sql} limit ?) part`,
    );
    const [row] = await engine.all<{ n: number }>(
      `select count(*) as n from (${counted.join(" union all ")}) page`,
      parts.flatMap(({ values }) => [...values, left + 1]),
    );
    left -= row?.n ?? 0;
    if (left < 0) return undefined;
  }
  return ranges;
}

/** Names of all that the selector leaves, if that is little. */
async function selectedOf(engine: Engine, kind: HitKind, query: Search): Promise<string[][] | undefined> {
  if (Object.keys(query.selector).every((part) => BROAD.has(part))) return undefined;
  const { rows, next } = await readRows(engine, kind, {
    query: {
      selector: selectorOf(kind, query.selector),
      view: query.view,
      order: { by: "updated", descending: true },
      limit: ROWS_SELECTED_MAX,
      at: query.at,
    },
    newest: query.newest,
    bare: true,
  });
  if (next !== undefined) return undefined;
  return rows.map((row) => TABLES[kind].names.map((name) => String(row[name])));
}

async function endedOf(engine: Engine, wanted: Wanted): Promise<Candidate[]> {
  const { table } = TABLES[wanted.kind];
  const { seen } = wanted;
  const rows = await engine.all(
    `select 1 from ${table} f ${engine.using(`${table}_until`)} where f.until > ? and ${seen.sql} limit ?`,
    [wanted.at, ...seen.values, ROWS_ENDED_MAX + 1],
  );
  if (rows.length <= ROWS_ENDED_MAX) return endedSince(engine, wanted);
  throw new RegistryError(
    "REVISION_EXPIRED",
    `So much has changed since revision ${wanted.at} that it can no longer be searched. Search again from the first page.`,
    { detail: { parameter: "continue" } },
  );
}

type Task = Lead & {
  readonly wanted: Wanted;
  readonly words: readonly string[];
  /** True when the one word there is has been found in a repository's name, which is a hit of its own. */
  readonly isAlone: boolean;
};

const FINDERS: Readonly<Record<HitKind, (engine: Engine, task: Task) => Promise<Candidate[]>>> = {
  repositories: (engine, { wanted, leading, words }) => {
    const names = leading.repository.map(({ value }) => value);
    const fitting = names.filter((name) => words.every((word) => relevanceOf(word, name) > 0));
    return byName(engine, wanted, fitting);
  },
  tags: async (engine, { wanted, leading: texts, tried, isAlone }) => [
    ...(await amongNamed(engine, wanted, combined(tried))),
    ...(await follow(engine, wanted, { way: WAYS.tags.tag, texts: texts.tag })),
    ...(isAlone ? [] : await follow(engine, wanted, { way: WAYS.tags.repository, texts: texts.repository })),
    ...(await followValues(engine, wanted, { way: WAYS.tags.digest, texts: texts.value })),
  ],
  manifests: async (engine, { wanted, leading: texts, isAlone }) => [
    ...(isAlone
      ? []
      : await follow(engine, wanted, { way: WAYS.manifests.repository, texts: texts.repository })),
    ...(await followValues(engine, wanted, { way: WAYS.manifests.digest, texts: texts.value })),
  ],
};

/** Names of tags that may be: one word is in the repository's, another in the tag's. */
function combined(tried: Task["tried"]): string[][] {
  return tried.flatMap(({ repository }, position) => {
    const others = tried.filter((_, other) => other !== position);
    const tags = others.flatMap(({ tag }) => tag.slice(0, NAMES_COMBINED));
    const names = repository.slice(0, NAMES_COMBINED);
    return names.flatMap((name) => tags.map((tag) => [name.value, tag.value]));
  });
}

/** From texts, the best first, to the facts they name. */
async function follow(
  engine: Engine,
  wanted: Wanted,
  { way, texts }: { way: Way; texts: readonly Text[] },
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const tier of tiersOf(texts)) {
    const values = tier.map(({ value }) => value);
    found.push(...(await byWay(engine, wanted, { way, values, rowsPerValue: shareOf(values) })));
  }
  return found;
}

/** From values of annotations and labels to the manifests that have them, and on to facts. */
async function followValues(
  engine: Engine,
  wanted: Wanted,
  { way, texts }: { way: Way; texts: readonly Text[] },
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const tier of tiersOf(texts)) {
    const values = await digestsOf(engine, tier);
    found.push(...(await byWay(engine, wanted, { way, values, rowsPerValue: shareOf(values) })));
  }
  return found;
}

/** Values that one statement looks up. */
const VALUES_PER_STATEMENT = 40;

async function digestsOf(engine: Engine, texts: readonly Text[]): Promise<string[]> {
  const digests = new Set<string>();
  for (const some of batches(texts, VALUES_PER_STATEMENT)) {
    const parts = some.map(
      ({ source = "label" }) => `select page.digest from (select c.digest from content_${source} c
        where c.key = ? and c.value = ? order by c.digest limit ?) page`,
    );
    const given = some.flatMap(({ key = "", value }) => [key, value, shareOf(texts)]);
    const rows = await engine.all<{ digest: string }>(parts.join(" union all "), given);
    for (const { digest } of rows) digests.add(digest);
  }
  return [...digests].toSorted().slice(0, DIGESTS_PER_RELEVANCE);
}

/** What each of some has of the rows that are looked at for all of them. */
function shareOf(all: readonly unknown[]): number {
  return Math.ceil(ROWS_PER_RELEVANCE / Math.max(all.length, 1));
}

function tiersOf(texts: readonly Text[]): Text[][] {
  const tiers = Object.values(Object.groupBy(texts, ({ relevance }) => relevance)).toReversed();
  return tiers.map((tier) => tier.slice(0, TEXTS_PER_RELEVANCE));
}
