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

/** Where the tags are that point to a manifest, whose repository and digest are SQL, at a revision or now. */
function tagsOfOne(
  engine: Engine,
  { repository, digest }: { repository: string; digest: string },
  at: number | undefined,
): { sql: string; values: readonly Value[] } {
  const select = (index: string): string =>
    `select t.name from tag t ${engine.using(index)} where t.repository = ${repository} and t.digest = ${digest}`;
  const current = `${select("tag_points_to")} and t.until is null`;
  // In the order of the index that has the names in it: PostgreSQL would rather look rows up by their digest.
  if (at === undefined) return { sql: `${current} order by t.name`, values: [] };
  return {
    sql: `${current} and t.since <= ? union all ${select("tag_ended")} and t.until > ? and t.since <= ?`,
    values: [at, at, at],
  };
}

/**
 * A column of a page of manifests for {@link tagsOf}: names of tags with spaces between them, in no order. They are looked
 * up where the row does not have them, or has had them only since a later revision.
 */
export function tagNames(
  engine: Engine,
  at: number | undefined,
): { column: string; values: readonly Value[] } {
  const { sql, values } = tagsOfOne(engine, { repository: "f.repository", digest: "f.digest" }, at);
  const lookedUp = `(select string_agg(part.name, ' ') from (${sql} limit ${TAGS_COUNTED_HERE + 1}) part)`;
  if (at === undefined) return { column: `coalesce(f.tag_names, ${lookedUp})`, values };
  const inRow = "case when f.tags_since <= ? then f.tag_names end";
  return { column: `coalesce(${inRow}, ${lookedUp})`, values: [at, ...values] };
}

type TagsOf = { readonly tags: readonly Tag[]; readonly tagCount: number };

/** Tags that point to the manifest of a row, by what {@link tagNames} has found; `undefined` where they are to be counted. */
export function tagsOf(row: Row): TagsOf | undefined {
  const names = row["all_tags"];
  if (typeof names !== "string" || names === "") return { tags: [], tagCount: 0 };
  // Most have one, for which nothing need be taken apart.
  if (!names.includes(" ")) return { tags: [names as Tag], tagCount: 1 };
  const tags = names.split(" ").toSorted() as Tag[];
  if (tags.length > TAGS_COUNTED_HERE) return undefined;
  return { tags: tags.length > TAGS_SHOWN_MAX ? tags.slice(0, TAGS_SHOWN_MAX) : tags, tagCount: tags.length };
}

/** The first tags of a manifest that has very many, and how many there are. */
export async function countTags(engine: Engine, row: Row, at: number | undefined): Promise<TagsOf> {
  const { sql, values } = tagsOfOne(engine, { repository: "?", digest: "?" }, at);
  const key = [String(row["repository"]), String(row["digest"])];
  const bound = at === undefined ? key : [...key, ...values.slice(0, 1), ...key, ...values.slice(1)];
  const rows = await engine.all<{ name: Tag; total: number }>(
    `select name, count(*) over () as total from (${sql}) part order by name limit ${TAGS_SHOWN_MAX}`,
    bound,
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
