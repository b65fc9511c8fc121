import { RegistryError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import { NamespaceVersions } from "./bulk-namespaces.ts";
import { factsOf, SHOWN_COLUMNS } from "./bulk-rows.ts";
import { contentRows } from "./bulk-content.ts";
import type { ConfigDetails, ManifestContent, Origin, Revision } from "./catalog.ts";
import type { Engine, Queryable, Value } from "./engine.ts";
import { migrate } from "./migrations.ts";
import { insertRows } from "./rows.ts";
import { FILL_TEXTS } from "./schema-search.ts";

/** Rows of one table that are kept until they are inserted together. */
const ROWS_PER_INSERT = 1_000;

/** A repository as one write makes it that finds none: its manifests first, then its tags, in the order given. */
export type BulkRepository = {
  readonly name: RepositoryName;
  /** When it was written; not before the one that came before it. */
  readonly time: Date;
  /**
   * At least one, none twice. A digest means the same everywhere, and so does a config: those of other repositories that
   * name it come with the same details.
   */
  readonly manifests: readonly { readonly content: ManifestContent; readonly details?: ConfigDetails }[];
  /** None twice. Each points to one of these manifests. */
  readonly tags: readonly { readonly name: Tag; readonly digest: Digest }[];
  /** The blobs it has. */
  readonly blobs?: readonly { readonly digest: Digest; readonly size: number }[];
};

/** Tables, with the columns of a row in their order. */
const INTO = {
  event: { into: "event (revision, time, type, repository, tag, digest, actor, request, semver, class)" },
  repository: {
    into: "repository (name, since, until, born, created, updated, tags, manifests, size, pulled)",
  },
  manifest: {
    into: `manifest (repository, digest, since, subject, born, pushed, size, image_size, media_type, artifact_type, class,
      image_created, ${SHOWN_COLUMNS}, tagged, tag_names, tags_since, pulled)`,
  },
  tag: {
    into: `tag (repository, name, digest, since, born, created, updated, size, image_size, media_type, artifact_type,
      class, ${SHOWN_COLUMNS}, semver, pulled)`,
  },
  namespace: {
    into: `namespace (path, parent, since, until, repository, repositories, filled, born, created, updated)`,
  },
  blob: { into: "blob (repository, digest, size, added)" },
  blob_use: { into: "blob_use (repository, blob, size, uses)" },
  content: {
    into: `content (digest, media_type, artifact_type, class, size, image_size, subject, config, annotations, labels,
      image_created, marks, bytes)`,
  },
  content_blob: { into: "content_blob (digest, blob, size)" },
  content_child: { into: "content_child (digest, child)" },
  content_platform: { into: "content_platform (digest, platform)" },
  content_annotation: { into: "content_annotation (digest, key, value)" },
  content_label: { into: "content_label (digest, key, value)" },
} as const;

/**
 * Tables whose keys come in no order, and may come again. To put each row where its key belongs would be to fetch another
 * piece of a large index from the disk each time: so all are set aside, and put there in order when they are complete.
 */
const SCATTERED: readonly (keyof typeof INTO)[] = [
  "content",
  "content_blob",
  "content_child",
  "content_platform",
  "content_annotation",
  "content_label",
];

/** Rows of several tables. */
export type Rows = { readonly [Table in keyof typeof INTO]?: readonly (readonly Value[])[] };

/**
 * Fills an empty catalog with repositories, exactly as a {@link Catalog.write} for each of them would, at a fraction of its
 * cost: indexes are made when all rows are in. All of it is one transaction. Resolves with the newest revision.
 * @throws DATA_UNUSABLE when something has been written to this catalog before
 */
export async function fillCatalog(
  engine: Engine,
  repositories: AsyncIterable<BulkRepository> | Iterable<BulkRepository>,
  origin: Origin,
): Promise<Revision> {
  await migrate(engine);
  return engine.transaction(async (tx) => {
    await requireEmpty(tx);
    const indexes = await tx.all<{ name: string; sql: string }>(engine.bulk.indexes);
    for (const { name } of indexes) await tx.run(`drop index ${name}`);
    const clock = await insertAll(tx, repositories, origin);
    await tx.run(`update clock set revision = ?, time = ? where id = 1`, [clock.revision, clock.time]);
    for (const statement of FILL_TEXTS) await tx.run(statement);
    for (const { sql } of indexes) await tx.run(sql);
    for (const statement of engine.bulk.settle) await tx.run(statement);
    return clock.revision;
  });
}

async function requireEmpty(tx: Queryable): Promise<void> {
  const [clock] = await tx.all<{ revision: number }>(`select revision from clock where id = 1`);
  if (clock?.revision === 0) return;
  throw new RegistryError(
    "DATA_UNUSABLE",
    `Only an empty catalog can be filled, and this one is at revision ${clock?.revision}. Choose another place.`,
  );
}

async function insertAll(
  tx: Queryable,
  repositories: AsyncIterable<BulkRepository> | Iterable<BulkRepository>,
  origin: Origin,
): Promise<{ revision: Revision; time: number }> {
  for (const table of SCATTERED) {
    await tx.run(`create temporary table set_aside_${table} as select * from ${table} where false`);
  }
  const inserter = new Inserter(tx);
  const namespaces = new NamespaceVersions();
  let [revision, time] = [0, 0];
  for await (const repository of repositories) {
    const first = revision + 1;
    if (repository.time.getTime() < time)
      throw new Error(`${repository.name} is older than what came before.`);
    time = repository.time.getTime();
    revision += 1 + repository.manifests.length + repository.tags.length;
    await inserter.add(factsOf(repository, first, origin));
    await inserter.add(contentRows(repository.manifests));
    await inserter.add({ namespace: namespaces.write(repository.name, { revision: first, time }) });
  }
  for (const namespace of namespaces.current()) await inserter.add({ namespace: [namespace] });
  await inserter.finish();
  for (const table of SCATTERED) {
    const { into } = INTO[table];
    const columns = into.slice(into.indexOf("(") + 1, -1);
    await tx.run(
      `insert into ${into} select ${columns} from set_aside_${table} where true order by 1, 2 on conflict do nothing`,
    );
    await tx.run(`drop table set_aside_${table}`);
  }
  return { revision, time };
}

/** Gathers rows until there are enough of a table for one statement to be worth it. */
class Inserter {
  readonly #tx: Queryable;
  readonly #waiting = new Map<keyof typeof INTO, (readonly Value[])[]>();

  constructor(tx: Queryable) {
    this.#tx = tx;
  }

  async add(rows: Rows): Promise<void> {
    for (const [name, more] of Object.entries(rows)) {
      const table = name as keyof typeof INTO;
      const waiting = this.#waiting.get(table) ?? [];
      for (const row of more) waiting.push(row);
      this.#waiting.set(table, waiting);
      if (waiting.length >= ROWS_PER_INSERT) {
        const full = waiting.length - (waiting.length % ROWS_PER_INSERT);
        await this.#insert(table, waiting.splice(0, full));
      }
    }
  }

  async finish(): Promise<void> {
    for (const [table, rows] of this.#waiting) await this.#insert(table, rows);
  }

  #insert(table: keyof typeof INTO, rows: readonly (readonly Value[])[]): Promise<void> {
    const into = `${SCATTERED.includes(table) ? "set_aside_" : ""}${INTO[table].into}`;
    return insertRows(this.#tx, { into, rows });
  }
}
