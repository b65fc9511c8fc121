/** The platforms of a content in bytewise order, with spaces between them; a platform has none in it. */
export function platformNames(digest: string): string {
  return `coalesce((select string_agg(p.platform, ' ' order by p.platform) from content_platform p
    where p.digest = ${digest}), '')`;
}

/**
 * The fourth step: what lists show of a manifest stands in its own row, and in those of its tags. Digests come in no order,
 * so that a page which looked up what each of them means would read a hundred pieces of a large table from the disk.
 * `annotated` is 1 where there are annotations or labels, which can be large; what else it says since, `schema-in-row.ts` has.
 */
export const SHOWN: readonly string[] = [
  `alter table tag add column media_type {text} not null default ''`,
  `alter table tag add column artifact_type {text}`,
  `alter table tag add column platforms {text} not null default ''`,
  `update tag set media_type = c.media_type, artifact_type = c.artifact_type, platforms = ${platformNames("tag.digest")}
    from content c where c.digest = tag.digest`,

  `alter table manifest add column media_type {text} not null default ''`,
  `alter table manifest add column class {text} not null default 'artifact'`,
  `alter table manifest add column platforms {text} not null default ''`,
  `alter table manifest add column image_created {integer}`,
  `alter table manifest add column annotated {integer} not null default 0`,
  `update manifest set media_type = c.media_type, class = c.class, platforms = ${platformNames("manifest.digest")},
      image_created = case when described = 1 then c.image_created end,
      annotated = case when c.annotations <> '{}' or described = 1 and c.labels <> '{}' then 1 else 0 end
    from content c where c.digest = manifest.digest`,
];
