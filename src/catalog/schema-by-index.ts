/**
 * The ninth step: more is read of an index alone. The tags of one name, in all repositories, are a stretch of one: a list of
 * `latest` went through all tags for them, and through all of their table for what is shown. Repositories by size, which
 * lie all over theirs, have what is shown in that index too.
 */
export const BY_INDEX: readonly string[] = [
  `create index tag_of_name on tag (name, repository, marks, digest, media_type, artifact_type, class, size, image_size,
    created, updated, pulled, since, until) where until is null`,

  `drop index repository_by_size`,
  `create index repository_by_size on repository
    (size, born, name, since, until, created, updated, tags, manifests, pulled) where until is null`,
];
