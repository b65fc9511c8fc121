/**
 * The first step of the schema.
 *
 * Facts (repository, manifest, tag) hold from revision `since` up to, not including, `until`; a row without an end is
 * current, and at most one row of a fact is. `content` is what a digest means, the same in every repository, so it has no
 * revisions. `blob` is membership of a repository and has none either: blobs make no events.
 */
export const FACTS_AND_LOG: readonly string[] = [
  `create table clock (
      id integer primary key check (id = 1),
      revision {integer} not null,
      time {integer} not null,
      oldest {integer} not null
    )`,
  `insert into clock values (1, 0, 0, 0)`,

  `create table event (
      revision {integer} primary key,
      time {integer} not null,
      type {text} not null,
      repository {text} not null,
      tag {text},
      digest {text},
      previous {text},
      actor {text} not null,
      request {text} not null
    )`,
  `create index event_repository on event (repository, revision)`,
  `create index event_time on event (time, revision)`,

  `create table repository (
      name {text} not null,
      since {integer} not null,
      until {integer},
      primary key (name, since)
    )`,
  `create unique index repository_current on repository (name) where until is null`,
  `create index repository_until on repository (until) where until is not null`,

  `create table manifest (
      repository {text} not null,
      digest {text} not null,
      since {integer} not null,
      until {integer},
      subject {text},
      described {integer} not null default 0,
      primary key (repository, digest, since)
    )`,
  `create unique index manifest_current on manifest (repository, digest) where until is null`,
  `create index manifest_ended on manifest (repository, until) where until is not null`,
  `create index manifest_until on manifest (until) where until is not null`,
  `create index manifest_subject on manifest (repository, subject, digest) where subject is not null`,
  `create index manifest_digest on manifest (digest)`,

  `create table tag (
      repository {text} not null,
      name {text} not null,
      digest {text} not null,
      since {integer} not null,
      until {integer},
      created {integer} not null,
      updated {integer} not null,
      primary key (repository, name, since)
    )`,
  `create unique index tag_current on tag (repository, name) where until is null`,
  `create index tag_ended on tag (repository, until) where until is not null`,
  `create index tag_points_to on tag (repository, digest, name) where until is null`,
  `create index tag_digest on tag (digest)`,

  `create table content (
      digest {text} primary key,
      media_type {text} not null,
      artifact_type {text},
      size {integer} not null,
      image_size {integer} not null,
      subject {text},
      config {text},
      annotations {text} not null,
      labels {text},
      image_created {integer},
      bytes {bytes}
    )`,
  `create index content_config on content (config) where config is not null`,

  `create table content_blob (digest {text} not null, blob {text} not null, primary key (digest, blob))`,
  `create index content_blob_blob on content_blob (blob)`,
  `create table content_child (digest {text} not null, child {text} not null, primary key (digest, child))`,
  `create index content_child_child on content_child (child)`,
  `create table content_platform (
      digest {text} not null,
      platform {text} not null,
      primary key (digest, platform)
    )`,
  `create index content_platform_platform on content_platform (platform)`,
  `create table content_annotation (
      digest {text} not null,
      key {text} not null,
      value {text} not null,
      primary key (digest, key)
    )`,
  `create index content_annotation_key on content_annotation (key, value)`,
  `create table content_label (
      digest {text} not null,
      key {text} not null,
      value {text} not null,
      primary key (digest, key)
    )`,
  `create index content_label_key on content_label (key, value)`,

  `create table blob (
      repository {text} not null,
      digest {text} not null,
      size {integer} not null,
      added {integer} not null,
      primary key (repository, digest)
    )`,
  `create index blob_digest on blob (digest, repository)`,
];
