import type { Tag } from "../oci/tag.ts";
import type { Engine, Value } from "./engine.ts";
import type { Row } from "./list-items.ts";
import { placeholders } from "./rows.ts";

/** Tags a manifest's item names; those beyond are counted. */
const TAGS_SHOWN_MAX = 100;
/** Tags of a manifest that come with its row; where there are more, they are counted by a statement of their own. */
const TAGS_COUNTED_HERE = 1_000;
/** Rows of a page that one statement asks for more about. */
const ROWS_PER_STATEMENT = 128;

/** Artifact types of what repositories hold, by name. Looks each type up behind the one before: manifests are many. */
export async function artifactTypesOf(
  engine: Engine,
  rows: readonly Row[],
  at: number | undefined,
): Promise<Map<string, string[]>> {
  const names = rows.map((row) => [String(row["name"])]);
  const next = (repository: string, behind: string): string =>
    `(select m.artifact_type from manifest m ${engine.using("manifest_artifact_type")}
      where m.repository = ${repository} and m.artifact_type ${behind} and m.until is null
        ${at === undefined ? "" : "and m.since <= ?"} order by m.artifact_type limit 1)`;
  const moment = at === undefined ? [] : [at];
  const found = await inBatches(names, (batch) => {
    const ended = `union select f.repository, f.artifact_type from manifest f ${engine.using("manifest_ended")}
      where f.repository in (${placeholders(batch.length)}) and f.artifact_type is not null
        and f.until > ? and f.since <= ?`;
    return engine.all<{ key: string; value: string }>(
      `with recursive found (repository, artifact_type) as (
          select given.column1, ${next("given.column1", ">= ''")}
            from (values ${batch.map(() => "(?)").join(", ")}) given
          union all
          select found.repository, ${next("found.repository", "> found.artifact_type")}
            from found where found.artifact_type is not null
        )
        select repository as key, artifact_type as value from found where artifact_type is not null
        ${at === undefined ? "" : ended} order by 1, 2`,
      [...moment, ...batch.flat(), ...moment, ...(at === undefined ? [] : [...batch.flat(), at, at])],
    );
  });
  return grouped(found);
}

/** Where the tags are that point to a manifest now, whose repository and digest are SQL: at a revision, those that did then. */
function tagsOfOne(
  engine: Engine,
  { repository, digest }: { repository: string; digest: string },
  at: number | undefined,
): { sql: string; values: readonly Value[] } {
  const current = `select t.name from tag t ${engine.using("tag_points_to")}
    where t.repository = ${repository} and t.digest = ${digest} and t.until is null`;
  // In the order of the index that has the names in it: PostgreSQL would rather look rows up by their digest.
  if (at === undefined) return { sql: `${current} order by t.name`, values: [] };
  return { sql: `${current} and t.since <= ?`, values: [at] };
}

/** Names of these tags with spaces between them, in no order; of more than are counted one more. */
function namesOfOne(of: { sql: string }): string {
  return `(select string_agg(part.name, ' ') from (${of.sql} limit ${TAGS_COUNTED_HERE + 1}) part)`;
}

/**
 * A column of a page of manifests: names of tags with spaces between them, in no order. They are looked up where the row does
 * not have them; at a revision by {@link tagsThen}, also where it has had them only since a later one.
 */
export function tagNames(
  engine: Engine,
  at: number | undefined,
): { column: string; values: readonly Value[] } {
  if (at !== undefined) return { column: "case when f.tags_since <= ? then f.tag_names end", values: [at] };
  const lookedUp = namesOfOne(tagsOfOne(engine, { repository: "f.repository", digest: "f.digest" }, at));
  return { column: `coalesce(f.tag_names, ${lookedUp})`, values: [] };
}

/**
 * Names of tags at a revision, by repository and digest, of those rows of a page that do not have them. The tags that ended
 * since are read once for all manifests of a repository: one that was deleted may have had thousands of both.
 */
export async function tagsThen(
  engine: Engine,
  rows: readonly Row[],
  at: number,
): Promise<ReadonlyMap<string, string>> {
  const keys = rows.filter((row) => row["all_tags"] === null).map(keyOf);
  const one = tagsOfOne(engine, { repository: "given.column1", digest: "given.column2" }, at);
  const found = await inBatches(keys, (batch) =>
    engine.all<Tagged>(
      `select given.column1 as repository, given.column2 as digest, ${namesOfOne(one)} as names
        from (values ${batch.map(() => "(?, ?)").join(", ")}) given`,
      [...one.values, ...batch.flat()],
    ),
  );
  const ended = keys.length === 0 ? [] : await tagsEnded(engine, keys, at);
  // What ended between two statements has been found by both.
  const names = new Map<string, Set<string>>(keys.map((key) => [key.join("@"), new Set()]));
  for (const { repository, digest, names: more } of [...found, ...ended]) {
    for (const name of more?.split(" ") ?? []) names.get(`${repository}@${digest}`)?.add(name);
  }
  return new Map([...names].map(([key, all]) => [key, [...all].join(" ")]));
}

/** Tags that ended since a revision and pointed to one of the manifests, and some that did to one of the same digest. */
function tagsEnded(
  engine: Engine,
  keys: readonly (readonly [repository: string, digest: string])[],
  at: number,
): Promise<Tagged[]> {
  const repositories = [...new Set(keys.map(([repository]) => repository))];
  const digests = [...new Set(keys.map(([, digest]) => digest))];
  return engine.all<Tagged>(
    `select t.repository, t.digest, t.name as names from tag t ${engine.using("tag_ended")}
      where t.repository in (${placeholders(repositories.length)}) and t.digest in (${placeholders(digests.length)})
        and t.until > ? and t.since <= ?`,
    [...repositories, ...digests, at, at],
  );
}

type Tagged = { readonly repository: string; readonly digest: string; readonly names: string | null };

function keyOf(row: Row): [repository: string, digest: string] {
  return [String(row["repository"]), String(row["digest"])];
}

type TagsOf = { readonly tags: readonly Tag[]; readonly tagCount: number };

/** Tags that point to the manifest of a row, by their names; `undefined` where they are to be counted. */
export function tagsOf(row: Row, then: ReadonlyMap<string, string> | undefined): TagsOf | undefined {
  const names = row["all_tags"] ?? then?.get(keyOf(row).join("@"));
  if (typeof names !== "string" || names === "") return { tags: [], tagCount: 0 };
  // Most have one, for which nothing need be taken apart.
  if (!names.includes(" ")) return { tags: [names as Tag], tagCount: 1 };
  const tags = names.split(" ").toSorted() as Tag[];
  if (tags.length > TAGS_COUNTED_HERE) return undefined;
  return { tags: tags.length > TAGS_SHOWN_MAX ? tags.slice(0, TAGS_SHOWN_MAX) : tags, tagCount: tags.length };
}

/** The first tags of a manifest that has very many, and how many there are. */
export async function countTags(engine: Engine, row: Row, at: number | undefined): Promise<TagsOf> {
  const current = tagsOfOne(engine, { repository: "?", digest: "?" }, at);
  const parts = [{ ...current, values: [...keyOf(row), ...current.values] }];
  if (at !== undefined) {
    const sql = `select t.name from tag t ${engine.using("tag_ended")}
      where t.repository = ? and t.digest = ? and t.until > ? and t.since <= ?`;
    parts.push({ sql, values: [...keyOf(row), at, at] });
  }
  const rows = await engine.all<{ name: Tag; total: number }>(
    `select name, count(*) over () as total from (${parts.map(({ sql }) => sql).join(" union all ")}) part
      order by name limit ${TAGS_SHOWN_MAX}`,
    parts.flatMap(({ values }) => values),
  );
  return { tags: rows.map(({ name }) => name), tagCount: rows[0]?.total ?? 0 };
}

/** Asks for all keys, so many at a time. */
async function inBatches<Found>(
  keys: readonly (readonly Value[])[],
  ask: (batch: readonly (readonly Value[])[]) => Promise<Found[]>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let start = 0; start < keys.length; start += ROWS_PER_STATEMENT) {
    found.push(...(await ask(keys.slice(start, start + ROWS_PER_STATEMENT))));
  }
  return found;
}

function grouped(found: readonly { key: string; value: string }[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { key, value } of found) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
