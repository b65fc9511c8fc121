import { RegistryError } from "../errors.ts";
import type { ColumnTypes, Engine, Queryable } from "./engine.ts";

/** Statements by step. */
type Steps = readonly (readonly string[])[];

/**
 * The schema, as forward steps: step n takes a database from version n to n + 1. A step that has been released is never
 * edited; what it got wrong, the next one mends.
 *
 * Facts (repository, manifest, tag) hold from revision `since` up to, not including, `until`; a row without an end is
 * current, and at most one row of a fact is. `content` is what a digest means, the same in every repository, so it has no
 * revisions. `blob` is membership of a repository and has none either: blobs make no events.
 */
const STEPS: Steps = [
  [
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
  ],
];

/**
 * Takes the steps that a database has not taken yet, each in a transaction of its own; safe when several nodes start at
 * once. `CATALOG_NEWER` when a program that knows more steps has been here.
 */
export async function migrate(engine: Engine, steps: Steps = STEPS): Promise<void> {
  while (await engine.transaction((tx) => migrateOnce(engine, tx, steps))) {
    // The next step.
  }
}

/** Takes one step; false when there is none left. */
async function migrateOnce(engine: Engine, tx: Queryable, steps: Steps): Promise<boolean> {
  await engine.lock(tx, "schema");
  await tx.run(`create table if not exists schema_version (version integer not null)`);
  const [row] = await tx.all<{ version: number }>(`select version from schema_version`);
  const version = row?.version ?? 0;
  if (version > steps.length) throw newer(version, steps.length);
  const step = steps[version];
  if (!step) return false;
  for (const statement of step) await tx.run(named(statement, engine.types));
  await tx.run(row ? `update schema_version set version = ?` : `insert into schema_version values (?)`, [
    version + 1,
  ]);
  return true;
}

/** Takes no step. `DATA_UNUSABLE` when there are steps to take, `CATALOG_NEWER` as {@link migrate}. */
export async function requireMigrated(engine: Queryable): Promise<void> {
  const version = await findVersion(engine);
  if (version > STEPS.length) throw newer(version, STEPS.length);
  if (version === STEPS.length) return;
  throw new RegistryError(
    "DATA_UNUSABLE",
    version === 0
      ? "There is no catalog in this database. Check --data and --catalog."
      : `The catalog has schema version ${version}, and this program needs ${STEPS.length}. Start the server once; it brings the catalog up to date.`,
  );
}

async function findVersion(engine: Queryable): Promise<number> {
  const rows = await engine
    .all<{ version: number }>(`select version from schema_version`)
    .catch((error: unknown) => {
      // Neither database has one word for "no such table"; an outage is a RegistryError by now.
      if (error instanceof RegistryError) throw error;
      return [];
    });
  return rows[0]?.version ?? 0;
}

function newer(found: number, known: number): RegistryError {
  return new RegistryError(
    "CATALOG_NEWER",
    `The catalog has schema version ${found}, but this program knows versions up to ${known}. ` +
      `Start a newer Supercargo, or restore a backup from before the upgrade.`,
    { detail: { found, known } },
  );
}

function named(statement: string, types: ColumnTypes): string {
  return statement
    .replaceAll("{integer}", types.integer)
    .replaceAll("{text}", types.text)
    .replaceAll("{bytes}", types.bytes);
}
