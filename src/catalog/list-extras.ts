import type { Tag } from "../oci/tag.ts";
import type { Engine, Value } from "./engine.ts";
import type { Row } from "./list-items.ts";
import { placeholders } from "./rows.ts";

/** Tags a manifest's item names; those beyond are counted. */
const TAGS_SHOWN_MAX = 100;
/** Tags that are fetched to be counted; more are counted in the database, which takes longer where there are few. */
const TAGS_COUNTED_HERE = 1_000;
/** Rows of a page that one statement asks for more about. */
const ROWS_PER_STATEMENT = 128;

/** Platforms of the rows' contents, by digest. */
export async function platformsOf(engine: Engine, rows: readonly Row[]): Promise<Map<string, string[]>> {
  const digests = [...new Set(rows.map((row) => String(row["digest"])))];
  const found = await inBatches(
    digests.map((digest) => [digest]),
    (batch) =>
      engine.all<{ key: string; value: string }>(
        `select digest as key, platform as value from content_platform
        where digest in (${placeholders(batch.length)}) order by digest, platform`,
        batch.flat(),
      ),
  );
  return grouped(found);
}

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

type TagsOf = { readonly tags: Tag[]; readonly tagCount: number };
type NamedRow = { repository: string; digest: string; name: Tag; total?: number };

/** Tags that point to the manifests of a page, by `repository@digest`. */
export async function tagsOf(
  engine: Engine,
  rows: readonly Row[],
  at: number | undefined,
): Promise<Map<string, TagsOf>> {
  const manifests = rows.map((row) => [String(row["repository"]), String(row["digest"])]);
  const found = await inBatches(manifests, (batch) => namesOf(engine, batch, at));
  const tags = new Map<string, { tags: Tag[]; tagCount: number }>();
  for (const { repository, digest, name, total } of found) {
    const key = `${repository}@${digest}`;
    const entry = tags.get(key) ?? { tags: [], tagCount: total ?? 0 };
    if (entry.tags.length < TAGS_SHOWN_MAX) entry.tags.push(name);
    if (total === undefined) entry.tagCount++;
    tags.set(key, entry);
  }
  return tags;
}

/** Tags of some manifests: all of them, or where they are very many those that are shown, and how many there are. */
async function namesOf(
  engine: Engine,
  batch: readonly (readonly Value[])[],
  at: number | undefined,
): Promise<NamedRow[]> {
  const marks = batch.map(() => "(?, ?)").join(", ");
  const select = "select given.column1 as repository, given.column2 as digest, t.name from";
  const join = "t.repository = given.column1 and t.digest = given.column2";
  const sources =
    at === undefined
      ? `${select} (values ${marks}) given cross join tag t where ${join} and t.until is null`
      : `${select} (values ${marks}) given cross join tag t where ${join} and t.until is null and t.since <= ?
        union all ${select} (values ${marks}) given cross join tag t ${engine.using("tag_ended")}
        where ${join} and t.until > ? and t.since <= ?`;
  const values = at === undefined ? batch.flat() : [...batch.flat(), at, ...batch.flat(), at, at];
  const all = await engine.all<NamedRow>(
    `select repository, digest, name from (${sources} limit ${TAGS_COUNTED_HERE + 1}) named
      order by repository, digest, name`,
    values,
  );
  if (all.length <= TAGS_COUNTED_HERE) return all;
  return engine.all<NamedRow>(
    `select repository, digest, name, total from (
        select repository, digest, name,
            row_number() over (partition by repository, digest order by name) as position,
            count(*) over (partition by repository, digest) as total
          from (${sources}) named
      ) page where position <= ${TAGS_SHOWN_MAX} order by repository, digest, name`,
    values,
  );
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
