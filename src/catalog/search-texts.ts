import type { Digest } from "../oci/digest.ts";
import type { Queryable, Value } from "./engine.ts";
import type { Draft } from "./log.ts";
import { insertRows, placeholders } from "./rows.ts";

/** A value of an annotation or label, as search finds it. */
export type ValueText = {
  readonly source: "annotation" | "label";
  readonly key: string;
  readonly value: string;
};

/** Texts named by one statement. */
const TEXTS_PER_STATEMENT = 100;

/** Values among rows of `content_annotation` or `content_label`: digest, key and value. */
export function textsOf(source: ValueText["source"], rows: readonly (readonly Value[])[]): ValueText[] {
  return rows.map(([, key, value]) => ({ source, key: String(key), value: String(value) }));
}

/**
 * Has search find what a write has brought. Only for one who holds the clock, and therefore waits for nobody: two who
 * bring the same text would otherwise wait for each other, and one who drops it would not see who still needs it.
 */
export async function storeTexts(
  tx: Queryable,
  repository: string,
  { drafts, values }: { drafts: readonly Draft[]; values: readonly ValueText[] },
): Promise<void> {
  const isNew = drafts.some(({ type }) => type === "repository.created");
  const tags = drafts.flatMap(({ type, tag, previous }) =>
    type === "tag.set" && tag !== undefined && previous === undefined ? [tag] : [],
  );
  await store(tx, "search_repository (value)", isNew ? [[repository]] : []);
  await store(
    tx,
    "search_tag (value)",
    tags.map((tag) => [tag]),
  );
  await store(
    tx,
    "search_value (source, key, value)",
    values.map(({ source, key, value }) => [source, key, value]),
  );
}

function store(tx: Queryable, into: string, rows: readonly (readonly Value[])[]): Promise<void> {
  return insertRows(tx, { into, rows, end: "on conflict do nothing" });
}

/** Waits until nobody else has the clock, and holds it until the end of the transaction, without taking a revision. */
export async function holdClock(tx: Queryable): Promise<void> {
  await tx.run(`update clock set time = time where id = 1`);
}

/** Names that were deleted, as the events tell that are being forgotten. */
type Deleted = { readonly type?: string; readonly repository?: string; readonly tag?: string | null };

/** Drops the names that events tell of as deleted, unless something has them again. Holds the clock. */
export async function dropNames(tx: Queryable, events: readonly Deleted[]): Promise<void> {
  const tags = events.flatMap(({ type, tag }) => (type === "tag.deleted" && tag ? [tag] : []));
  const repositories = events.flatMap(({ type, repository }) =>
    type === "repository.deleted" && repository ? [repository] : [],
  );
  if (tags.length + repositories.length === 0) return;
  await holdClock(tx);
  await dropAmong(tx, "tag", tags);
  await dropAmong(tx, "repository", repositories);
}

async function dropAmong(tx: Queryable, fact: "tag" | "repository", names: readonly string[]): Promise<void> {
  const texts = [...new Set(names)];
  for (let start = 0; start < texts.length; start += TEXTS_PER_STATEMENT) {
    const some = texts.slice(start, start + TEXTS_PER_STATEMENT);
    await tx.run(
      `delete from search_${fact} where value in (${placeholders(some.length)})
        and not exists (select 1 from ${fact} f where f.name = search_${fact}.value and f.until is null)`,
      some,
    );
  }
}

/** Deletes annotations and labels of contents, and the texts that no other content has. Holds the clock if there are any. */
export async function dropValues(tx: Queryable, digests: readonly Digest[]): Promise<void> {
  for (const source of ["annotation", "label"] as const) {
    const rows = await tx.all<{ key: string; value: string }>(
      `delete from content_${source} where digest in (${placeholders(digests.length)}) returning key, value`,
      digests,
    );
    if (rows.length === 0) continue;
    await holdClock(tx);
    for (const { key, value } of rows) {
      await tx.run(
        `delete from search_value where source = ? and key = ? and value = ?
          and not exists (select 1 from content_${source} c where c.key = ? and c.value = ?)`,
        [source, key, value, key, value],
      );
    }
  }
}
