import type { Engine, Queryable } from "./engine.ts";

/** What a manifest's item is made of, save its annotations and labels, which may be long. */
const SHOWN = `repository, digest, media_type, artifact_type, class, size, image_size, pushed, pulled, subject, image_created,
  platforms, described, annotated, tag_names, tags_since, since, until`;

/** Orders of all manifests in which neighbours lie all over the table. */
const SCATTERED = ["size", "image_size"];

/**
 * The tenth step: what is shown of manifests stands in the indexes of their orders by size, as that of tags does. Where an
 * index must have all that is read of a row, it would be too much for one: names of tags alone can be 2 KB.
 */
export const BY_SIZE: readonly ((tx: Queryable, engine: Engine) => Promise<void>)[] = [
  async (tx, engine) => {
    if (!engine.defers) return;
    for (const name of SCATTERED) {
      await tx.run(`drop index manifest_by_${name}`);
      const columns = [...new Set(`${name}, born, marks, ${SHOWN}`.split(/,\s+/))].join(", ");
      await tx.run(`create index manifest_by_${name} on manifest (${columns}) where until is null`);
    }
  },
];
