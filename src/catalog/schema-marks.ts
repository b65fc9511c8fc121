import type { Queryable } from "./engine.ts";
import { marksOf } from "./marks.ts";
import { ORDERS } from "./schema-lists.ts";
import { platformNames } from "./schema-shown.ts";

/** Contents that are looked at together. */
const CONTENTS_PER_PAGE = 1_000;

/** What the row of a tag has of its manifest's. */
const OF_MANIFEST = ["marks", "described", "annotated", "annotations", "labels"] as const;

/** Orders of all tags in which neighbours lie all over the table: one may be of any repository, and pushed at any time. */
const SCATTERED = ["size", "image_size", "semver"];
/** What a tag shows: it stands in their indexes. */
const SHOWN = `repository, name, digest, media_type, artifact_type, class, size, image_size, created, updated, pulled, since,
  until`;

/**
 * The eighth step: filters read less. `marks` says in a number which annotations, labels and platforms a content may have,
 * and stands at the end of every order's index: what cannot be meant is passed over there. Tags have what their manifest has
 * of annotations and labels, as `schema-in-row.ts` says it; and who has some stands in an index of names of its own.
 */
export const MARKS: readonly (string | ((tx: Queryable) => Promise<void>))[] = [
  `alter table content add column marks {integer} not null default 0`,
  `alter table manifest add column marks {integer} not null default 0`,
  ...["marks", "described", "annotated"].map(
    (column) => `alter table tag add column ${column} {integer} not null default 0`,
  ),
  `alter table tag add column annotations {text}`,
  `alter table tag add column labels {text}`,

  markStored,
  `update manifest set marks = c.marks from content c where c.digest = manifest.digest and c.marks > 0`,
  `update tag set ${OF_MANIFEST.map((column) => `${column} = m.${column}`).join(", ")} from manifest m
    where m.repository = tag.repository and m.digest = tag.digest and m.since <= tag.since
      and (m.until is null or m.until > tag.since) and (m.marks > 0 or m.described > 0 or m.annotated > 0)`,

  ...["tag", "manifest"].flatMap((table) =>
    (ORDERS[table] ?? []).flatMap(([name, by]) => [
      `drop index ${table}_by_${name}`,
      `create index ${table}_by_${name} on ${table} (${indexed(table, name, by)}) where until is null`,
      `drop index ${table}_repository_by_${name}`,
      `create index ${table}_repository_by_${name} on ${table} (repository, ${by}, marks) where until is null`,
    ]),
  ),
  `create index tag_annotated on tag (repository, name, marks) where until is null and annotated > 0`,
  `create index manifest_annotated on manifest (repository, digest, marks) where until is null and annotated > 0`,

  // With what is shown: else PostgreSQL would rather go through the index of all names, which has it.
  `drop index repository_empty`,
  `create index repository_empty on repository (name, since, until, created, updated, tags, manifests, size, pulled)
    where until is null and manifests = 0`,
];

/** The columns of an order's index, each of them once. */
function indexed(table: string, name: string, by: string): string {
  const all = table === "tag" && SCATTERED.includes(name) ? `${by}, marks, ${SHOWN}` : `${by}, marks`;
  return [...new Set(all.split(/,\s+/))].join(", ");
}

type Stored = { digest: string; annotations: string; labels: string | null; platforms: string };
type Pairs = Readonly<Record<string, string>>;

/** Gives the contents that are stored their marks. */
async function markStored(tx: Queryable): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const rows: Stored[] = await tx.all(
      `select c.digest, c.annotations, c.labels, ${platformNames("c.digest")} as platforms
        from content c where c.digest > ? order by c.digest limit ?`,
      [after, CONTENTS_PER_PAGE],
    );
    for (const { digest, annotations, labels, platforms } of rows) {
      const marks = marksOf({
        annotations: JSON.parse(annotations) as Pairs,
        labels: JSON.parse(labels ?? "{}") as Pairs,
        platforms: platforms === "" ? [] : platforms.split(" "),
      });
      if (marks > 0) await tx.run(`update content set marks = ? where digest = ?`, [marks, digest]);
    }
    after = rows.at(-1)?.digest;
  }
}
