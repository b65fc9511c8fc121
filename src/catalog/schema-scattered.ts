import type { Engine, Queryable } from "./engine.ts";

/** What a manifest's item is made of, save its annotations and labels, which may be long. */
const SHOWN = `repository, digest, media_type, artifact_type, class, size, image_size, pushed, pulled, subject, image_created,
  platforms, described, annotated, tag_names, tags_since, since, until`;

/** Orders of all manifests in which neighbours lie all over the table. */
const ORDERS = ["size", "image_size"];

/** What ended, by where it is looked for. */
const ENDED: readonly (readonly [index: string, table: string, columns: string])[] = [
  ["repository_until", "repository", "until"],
  ["namespace_until", "namespace", "until"],
  ["namespace_ended", "namespace", "parent, until"],
  ["manifest_until", "manifest", "until"],
  ["manifest_ended", "manifest", "repository, until"],
  ["tag_until", "tag", "until"],
  ["tag_ended", "tag", "repository, until"],
];

/**
 * The tenth step: less is looked up all over a table. What is shown of manifests stands in the indexes of their orders by
 * size, as that of tags does. Where an index must have all that is read of a row, it would be too much for one: names of tags
 * alone can be 2 KB. And what ended since a moment, but had not begun by then, is passed over in the index.
 */
export const SCATTERED: readonly (string | ((tx: Queryable, engine: Engine) => Promise<void>))[] = [
  async (tx, engine) => {
    if (!engine.defers) return;
    for (const name of ORDERS) {
      await tx.run(`drop index manifest_by_${name}`);
      const columns = [...new Set(`${name}, born, marks, ${SHOWN}`.split(/,\s+/))].join(", ");
      await tx.run(`create index manifest_by_${name} on manifest (${columns}) where until is null`);
    }
  },
  ...ENDED.flatMap(([index, table, columns]) => [
    `drop index ${index}`,
    `create index ${index} on ${table} (${columns}, since) where until is not null`,
  ]),
];
