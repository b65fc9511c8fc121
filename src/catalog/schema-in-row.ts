/** Tags of a manifest whose names stand in its row. Of one that has more none do, and they are looked up. */
export const TAGS_IN_ROW_MAX = 16;

/** What stands in the row of a manifest: the names of its tags with spaces between them, or nothing if they are too many. */
export const TAG_NAMES_IN_ROW = `(select case when count(*) <= ${TAGS_IN_ROW_MAX} then coalesce(string_agg(part.name, ' '), '') end
  from (select name from tag where tag.repository = manifest.repository and tag.digest = manifest.digest
    and tag.until is null order by name limit ${TAGS_IN_ROW_MAX + 1}) part)`;

/** Annotations and labels that stand in the row of a manifest: up to so many bytes of JSON of either. */
export const TEXT_IN_ROW_BYTES_MAX = 1_000;
/** An object without members. */
const EMPTY_BYTES = 2;

/** What stands in a row of annotations or labels, which are JSON in SQL: they, if they are neither none nor too many. */
export function textInRow(json: string): string {
  return `case when octet_length(${json}) > ${EMPTY_BYTES} and octet_length(${json}) <= ${TEXT_IN_ROW_BYTES_MAX} then ${json} end`;
}

/**
 * What `annotated` says of annotations or labels, which are JSON in SQL: 0 that there are none, 1 that they stand in the
 * row, 2 that they are to be looked up.
 */
export function annotatedBy(json: string): string {
  return `case when octet_length(${json}) > ${TEXT_IN_ROW_BYTES_MAX} then 2
    when octet_length(${json}) > ${EMPTY_BYTES} then 1 else 0 end`;
}

/**
 * The seventh step: pages read less. What is shown of a manifest stood in other tables, in which that of a page is all over
 * the place: now small annotations and labels stand in its row, and `tag_names`, which says what its tags are, and have been
 * since the revision `tags_since`. It changes in place, and what an earlier moment had is looked up. The names of
 * repositories and namespaces have with them what is shown of each. That a repository has one current row is held by its
 * namespace, which has one.
 */
export const IN_ROW: readonly string[] = [
  `alter table manifest add column tag_names {text}`,
  `alter table manifest add column tags_since {integer} not null default 0`,
  `update manifest set tag_names = ${TAG_NAMES_IN_ROW}, tags_since = (select revision from clock where id = 1)
    where until is null`,

  `alter table manifest add column annotations {text}`,
  `alter table manifest add column labels {text}`,
  `update manifest set annotations = ${textInRow("c.annotations")},
      labels = case when described = 1 then ${textInRow("c.labels")} end,
      annotated = case when described = 1 and ${annotatedBy("c.labels")} > ${annotatedBy("c.annotations")}
        then ${annotatedBy("c.labels")} else ${annotatedBy("c.annotations")} end
    from content c where c.digest = manifest.digest and annotated = 1`,

  `drop index repository_current`,
  `create index repository_current on repository
    (name, since, until, created, updated, tags, manifests, size, pulled) where until is null`,
  `drop index namespace_by_name`,
  `create index namespace_by_name on namespace
    (parent, path, since, until, repository, repositories, created, updated) where until is null`,
];
