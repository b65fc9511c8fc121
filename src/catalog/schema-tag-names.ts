/** Tags of a manifest whose names stand in its row. Of one that has more none do, and they are looked up. */
export const TAGS_IN_ROW_MAX = 16;

/** What stands in the row of a manifest: the names of its tags with spaces between them, or nothing if they are too many. */
export const TAG_NAMES_IN_ROW = `(select case when count(*) <= ${TAGS_IN_ROW_MAX} then coalesce(string_agg(part.name, ' '), '') end
  from (select name from tag where tag.repository = manifest.repository and tag.digest = manifest.digest
    and tag.until is null order by name limit ${TAGS_IN_ROW_MAX + 1}) part)`;

/**
 * The seventh step: pages read less. `tag_names` says of a manifest what its tags are, and have been since the revision
 * `tags_since`: they stood only in another table, in which those of a page are all over the place. It changes in place.
 * What an earlier moment had is looked up. The names of repositories and namespaces have with them what is shown of each.
 * That a repository has one current row is held by its namespace, which has one.
 */
export const TAG_NAMES: readonly string[] = [
  `alter table manifest add column tag_names {text}`,
  `alter table manifest add column tags_since {integer} not null default 0`,
  `update manifest set tag_names = ${TAG_NAMES_IN_ROW}, tags_since = (select revision from clock where id = 1)
    where until is null`,

  `drop index repository_current`,
  `create index repository_current on repository
    (name, since, until, created, updated, tags, manifests, size, pulled) where until is null`,
  `drop index namespace_by_name`,
  `create index namespace_by_name on namespace
    (parent, path, since, until, repository, repositories, created, updated) where until is null`,
];
