import type { Queryable } from "./engine.ts";
import { describeStored } from "./schema-lists-data.ts";

/** What a list can be ordered by, and the columns it is ordered by then. `born` and `since` are different in every row. */
export const ORDERS: Readonly<Record<string, readonly (readonly [name: string, columns: string])[]>> = {
  repository: [
    ["created", "born"],
    ["updated", "since"],
    ["size", "size, born"],
    ["pulled", "pulled, born"],
  ],
  tag: [
    ["created", "born"],
    ["updated", "since"],
    ["size", "size, born"],
    ["image_size", "image_size, born"],
    ["pulled", "pulled, born"],
    ["semver", "semver, born"],
  ],
  manifest: [
    ["created", "born"],
    ["size", "size, born"],
    ["image_size", "image_size, born"],
    ["pulled", "pulled, born"],
  ],
};

/**
 * The second step: what lists need. A repository's row has a version for every write, with the counts it left; so has the
 * row of each namespace it lies in. A manifest's row has a version for every change between tagged and not. `born` is the
 * revision at which the fact itself began, whatever version a row is. `pulled` alone changes in place: it is no fact.
 */
export const LISTS: readonly (string | ((tx: Queryable) => Promise<void>))[] = [
  `alter table event add column semver {text}`,
  `alter table event add column class {text}`,

  `alter table content add column class {text} not null default 'artifact'`,
  `alter table content_blob add column size {integer} not null default 0`,
  `create table blob_use (
    repository {text} not null,
    blob {text} not null,
    size {integer} not null,
    uses {integer} not null,
    primary key (repository, blob)
  )`,

  ...columns("repository", ["born", "created", "updated", "tags", "manifests", "size", "pulled"]),
  ...columns("manifest", ["born", "pushed", "size", "image_size", "tagged", "pulled"]),
  `alter table manifest add column artifact_type {text}`,
  ...columns("tag", ["born", "size", "image_size", "pulled"]),
  `alter table tag add column ended {integer}`,
  `alter table tag add column semver {text} not null default ''`,
  `alter table tag add column class {text} not null default 'artifact'`,

  `create table namespace (
    path {text} not null,
    parent {text} not null,
    since {integer} not null,
    until {integer},
    repository {integer} not null,
    repositories {integer} not null,
    filled {integer} not null,
    born {integer} not null,
    created {integer} not null,
    updated {integer} not null,
    primary key (path, since)
  )`,

  describeStored,

  `create unique index namespace_current on namespace (path) where until is null`,
  `create index namespace_by_name on namespace (parent, path) where until is null`,
  `create index namespace_by_created on namespace (parent, born) where until is null`,
  `create index namespace_by_updated on namespace (parent, since) where until is null`,
  `create index namespace_ended on namespace (parent, until) where until is not null`,
  `create index namespace_until on namespace (until) where until is not null`,

  `create index repository_filled on repository (name) where until is null and manifests > 0`,
  `create index repository_empty on repository (name) where until is null and manifests = 0`,
  `create index tag_until on tag (until) where until is not null`,
  `create index tag_name on tag (name, repository) where until is null`,
  `create index tag_class on tag (class, born) where until is null`,
  `create index manifest_untagged on manifest (repository, digest) where until is null and tagged = 0`,
  `create index manifest_of_subject on manifest (subject) where subject is not null`,
  `create index manifest_artifact_type on manifest (repository, artifact_type)
    where until is null and artifact_type is not null`,
  `create index content_class on content (class)`,
  `create index content_artifact_type on content (artifact_type) where artifact_type is not null`,
  `create index content_media_type on content (media_type)`,

  ...Object.entries(ORDERS).flatMap(([table, orders]) =>
    orders.map(([name, by]) => `create index ${table}_by_${name} on ${table} (${by}) where until is null`),
  ),
  ...["tag", "manifest"].flatMap((table) =>
    (ORDERS[table] ?? []).map(
      ([name, by]) =>
        `create index ${table}_repository_by_${name} on ${table} (repository, ${by}) where until is null`,
    ),
  ),
];

function columns(table: string, names: readonly string[]): string[] {
  return names.map((name) => `alter table ${table} add column ${name} {integer} not null default 0`);
}
