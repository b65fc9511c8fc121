import type { Engine } from "./engine.ts";
import type { ListKind } from "./items.ts";
import type { Filter } from "./filter.ts";
import { lookedAt, pairFilter, platformFilter, withDetail } from "./list-details.ts";
import { beginningWith, literal, TABLES, type RevisionBounds } from "./list-orders.ts";
import type { Moment } from "./moment.ts";
import { placeholders } from "./rows.ts";
import type { Selector } from "./selector.ts";

/** What a selector asks of each row, save what is a stretch of the index that a list is read by. */
export function filtersOf(
  kind: ListKind,
  selector: Selector & RevisionBounds,
  { engine, moment, isByName }: { engine: Engine; moment: Moment; isByName: boolean },
): Filter[] {
  if (kind === "namespaces") {
    return selector.empty === undefined
      ? []
      : [{ sql: `f.filled ${selector.empty ? "=" : ">"} 0`, values: [] }];
  }
  const names = kind === "repositories" ? "f.name" : "f.repository";
  return [
    ...placeFilters(selector, { kind, names, isByName, engine }),
    ...timeFilters(kind, selector),
    ...(kind === "tags" ? tagFilters(selector, engine) : []),
    ...(kind === "repositories" ? emptyFilter(selector) : contentFilters(kind, selector, engine)),
    ...(kind === "manifests" ? manifestFilters(selector, { engine, moment }) : []),
  ];
}

function placeFilters(
  { under, depth, name, repository }: Selector,
  { kind, names, isByName, engine }: { kind: ListKind; names: string; isByName: boolean; engine: Engine },
): Filter[] {
  const filters: Filter[] = [];
  const index = `${TABLES[kind].table}_current`;
  if (repository !== undefined && kind === "repositories" && !isByName) {
    const sql = `${names} = ?`;
    filters.push({ sql, values: [repository], finder: { index, sql, values: [repository] } });
  }
  if (under !== undefined && (!isByName || repository !== undefined)) {
    filters.push({
      sql: `(${names} = ? or ${names} >= ? and ${names} < ?)`,
      values: [under, `${under}/`, `${under}0`],
      finder: { index, sql: `${names} >= ? and ${names} < ?`, values: [under, `${under}0`] },
    });
  }
  if (depth !== undefined) {
    const slashes = depth - 1 + (under === undefined ? 0 : under.split("/").length);
    filters.push({ sql: `length(${names}) - length(replace(${names}, '/', '')) <= ?`, values: [slashes] });
  }
  if (name !== undefined) {
    const { from, to } = beginningWith(literal(name));
    const finder =
      from === undefined || to === undefined
        ? undefined
        : { index, sql: `${names} >= ? and ${names} < ?`, values: [from, to] };
    filters.push({ ...engine.like(names, name), finder });
  }
  return filters;
}

function timeFilters(kind: ListKind, selector: Selector & RevisionBounds): Filter[] {
  const { table } = TABLES[kind];
  const created = kind === "manifests" ? "pushed" : "created";
  const updated = kind === "manifests" ? "pushed" : "updated";
  const updatedIn = kind === "manifests" ? "born" : "since";
  const { createdSince, createdBefore, updatedSince, updatedBefore, bornFrom, bornTo, sinceFrom, sinceTo } =
    selector;
  const updatedIndex = `${table}_by_${kind === "manifests" ? "created" : "updated"}`;
  const times = [
    [`f.${created} >= ?`, createdSince, `f.born >= ?`, bornFrom, `${table}_by_created`],
    [`f.${created} < ?`, createdBefore, `f.born < ?`, bornTo, `${table}_by_created`],
    [`f.${updated} >= ?`, updatedSince, `f.${updatedIn} >= ?`, sinceFrom, updatedIndex],
    [`f.${updated} < ?`, updatedBefore, `f.${updatedIn} < ?`, sinceTo, updatedIndex],
  ] as const;
  return times.flatMap(([sql, time, finding, revision, index]) =>
    time === undefined
      ? []
      : [
          {
            sql,
            values: [time.getTime()],
            finder: revision === undefined ? undefined : { index, sql: finding, values: [revision] },
          },
        ],
  );
}

function emptyFilter({ empty }: Selector): Filter[] {
  if (empty === undefined) return [];
  if (!empty) return [{ sql: "f.manifests > 0", values: [], indexByName: "repository_filled" }];
  return [
    {
      sql: "f.manifests = 0",
      values: [],
      indexByName: "repository_empty",
      finder: { index: "repository_empty", sql: "f.manifests = 0 and f.name >= ''", values: [] },
    },
  ];
}

/** Filters of tags and manifests alike. */
function contentFilters(kind: ListKind, selector: Selector, engine: Engine): Filter[] {
  const { digest, mediaType, platforms = [], annotations = [], labels = [] } = selector;
  const { table } = TABLES[kind];
  const filters: Filter[] = [];
  if (digest !== undefined) {
    const { from = "", to = "" } = beginningWith(digest);
    const sql = "f.digest >= ? and f.digest < ?";
    filters.push({ sql, values: [from, to], finder: { index: `${table}_digest`, sql, values: [from, to] } });
  }
  if (mediaType !== undefined) {
    const ofContent = withDetail(table, { table: "content", sql: "c.media_type = ?", values: [mediaType] });
    filters.push({ ...ofContent, sql: lookedAt("f.media_type = ?"), looksUp: false });
  }
  for (const platform of platforms) filters.push(platformFilter(table, platform, engine));
  for (const pair of annotations) filters.push(pairFilter(table, "annotation", { pair, engine }));
  for (const pair of labels) filters.push(pairFilter(table, "label", { pair, engine }));
  return filters;
}

function tagFilters({ tag, artifactType, classes, subject }: Selector, engine: Engine): Filter[] {
  const filters: Filter[] = [];
  if (tag !== undefined) filters.push(isNamed(tag, engine));
  if (artifactType !== undefined) {
    const ofContent = withDetail("tag", {
      table: "content",
      sql: "c.artifact_type = ?",
      values: [artifactType],
    });
    filters.push({ ...ofContent, sql: lookedAt("f.artifact_type = ?"), looksUp: false });
  }
  if (classes !== undefined) {
    const sql = `f.class in (${placeholders(classes.length)})`;
    filters.push({ sql, values: classes, finder: { index: "tag_class", sql, values: classes } });
  }
  if (subject !== undefined) {
    const sql = "f.digest in (select m.digest from manifest m where m.subject = ?)";
    filters.push({
      sql: "exists (select 1 from manifest m where m.digest = f.digest and m.subject = ?)",
      values: [subject],
      looksUp: true,
      finder: { index: "tag_digest", sql, values: [subject] },
    });
  }
  return filters;
}

function isNamed(tag: string, engine: Engine): Filter {
  const index = "tag_name";
  if (literal(tag) === tag) {
    const one = { sql: "f.name = ?", values: [tag] };
    const byName = "tag_of_name";
    return { ...one, finder: { index, ...one }, indexByName: byName, among: { index: byName, ...one } };
  }
  const { from, to } = beginningWith(literal(tag));
  const stretch = { index, sql: "f.name >= ? and f.name < ?", values: [from ?? "", to ?? ""] };
  return { ...engine.like("f.name", tag), finder: from === undefined ? undefined : stretch };
}

function manifestFilters(
  selector: Selector,
  { engine, moment }: { engine: Engine; moment: Moment },
): Filter[] {
  const { tag, artifactType, classes, subject, tagged } = selector;
  const filters: Filter[] = [];
  if (tag !== undefined) filters.push(hasTag(tag, { engine, moment }));
  if (artifactType !== undefined) {
    const finder = withDetail("manifest", {
      table: "content",
      sql: "c.artifact_type = ?",
      values: [artifactType],
    });
    filters.push({ ...finder, sql: "f.artifact_type = ?", looksUp: false });
  }
  if (classes !== undefined) {
    const ofContent = `class in (${placeholders(classes.length)})`;
    const found = withDetail("manifest", { table: "content", sql: `c.${ofContent}`, values: classes });
    filters.push({ ...found, sql: lookedAt(`f.${ofContent}`), looksUp: false });
  }
  if (subject !== undefined) {
    const [sql, values] = ["f.subject = ?", [subject]];
    filters.push({ sql, values, finder: { index: "manifest_of_subject", sql, values } });
  }
  if (tagged !== undefined) {
    const sql = `f.tagged = ${tagged ? 1 : 0}`;
    const untagged = { index: "manifest_untagged", sql: `${sql} and f.repository >= ''`, values: [] };
    const finder = tagged ? undefined : untagged;
    filters.push({ sql, values: [], finder, indexByName: finder?.index });
  }
  return filters;
}

/** Looks for current tags and ended ones apart: no index has both. */
function hasTag(glob: string, { engine, moment }: { engine: Engine; moment: Moment }): Filter {
  const like = engine.like("t.name", glob);
  const existing = (index: string, sql: string): string =>
    `exists (select 1 from tag t ${engine.using(index)}
      where t.repository = f.repository and t.digest = f.digest and ${sql} and ${like.sql})`;
  const { at } = moment;
  if (at === undefined) {
    const sql = existing("tag_points_to", "t.until is null");
    return { sql, values: like.values, looksUp: true };
  }
  const current = existing("tag_points_to", "t.until is null and t.since <= ?");
  const ended = existing("tag_ended", "t.until > ? and t.since <= ?");
  const values = [at, ...like.values, at, at, ...like.values];
  return { sql: `(${current} or ${ended})`, values, looksUp: true };
}
