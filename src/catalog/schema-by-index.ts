/**
 * The ninth step: more is read of an index alone. The tags of one name, in all repositories, are a stretch of one: a list of
 * `latest` went through all tags for them. Repositories by size, which lie all over their table, have what is shown in theirs.
 */
export const BY_INDEX: readonly string[] = [
  `create index tag_of_name on tag (name, repository, marks) where until is null`,

  `drop index repository_by_size`,
  `create index repository_by_size on repository
    (size, born, name, since, until, created, updated, tags, manifests, pulled) where until is null`,
];
