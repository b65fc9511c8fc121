import type { Engine, Queryable } from "./engine.ts";

/** Tables of the texts that search finds, each text once however many facts have it. */
const TEXTS: readonly string[] = ["search_repository", "search_tag", "search_value"];

/** Fills the tables of texts, which are empty, with those of the facts that are there. */
export const FILL_TEXTS: readonly string[] = [
  `insert into search_repository (value) select name from repository where until is null order by since`,
  `insert into search_tag (value) select name from tag where until is null group by name order by min(since)`,
  ...["annotation", "label"].map(
    (source) => `insert into search_value (source, key, value)
      select distinct '${source}', key, value from content_${source} order by key, value`,
  ),
];

/**
 * The third step: what search needs. A word is looked up among the texts that differ, and the facts by those texts, so
 * that ten million tags named alike cost one entry. A text may outlive the last fact that had it. Indexes that facts are
 * found by have them in the order in which hits are shown.
 */
export const SEARCH: readonly (string | ((tx: Queryable, engine: Engine) => Promise<void>))[] = [
  `create table search_repository (id {id}, value {text} not null)`,
  `create table search_tag (id {id}, value {text} not null)`,
  `create table search_value (id {id}, source {text} not null, key {text} not null, value {text} not null)`,

  ...FILL_TEXTS,

  `create unique index search_repository_value on search_repository (value)`,
  `create unique index search_tag_value on search_tag (value)`,
  `create unique index search_value_value on search_value (source, key, value)`,
  ...TEXTS.map((table) => `create index ${table}_folded on ${table} (lower(value), id)`),
  async (tx, engine) => {
    for (const statement of TEXTS.flatMap((table) => engine.parts.index(table))) await tx.run(statement);
  },

  `drop index tag_name`,
  `create index tag_name on tag (name, since) where until is null`,
  `drop index tag_digest`,
  `create index tag_digest on tag (digest, since)`,
  ...["annotation", "label"].flatMap((source) => [
    `drop index content_${source}_key`,
    `create index content_${source}_key on content_${source} (key, value, digest)`,
  ]),
];
