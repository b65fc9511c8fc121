/**
 * The ninth step: the tags of one name, in all repositories, are a stretch of an index. A list of `latest` went through
 * all tags for them.
 */
export const TAG_OF_NAME: readonly string[] = [
  `create index tag_of_name on tag (name, repository, marks) where until is null`,
];
