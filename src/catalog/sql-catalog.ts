import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Reference } from "../oci/reference.ts";
import type { Tag } from "../oci/tag.ts";
import { Bounds } from "./bounds.ts";
import type {
  BlobMember,
  Catalog,
  Event,
  EventPage,
  Facts,
  ManifestFact,
  Origin,
  Page,
  Pull,
  Referrer,
  Revision,
  TagFact,
  Transaction,
} from "./catalog.ts";
import { Changes } from "./changes.ts";
import { compact } from "./compaction.ts";
import type { Engine } from "./engine.ts";
import type { Items, ListKind, ListPage, ListQuery, TagChange } from "./items.ts";
import { allOf } from "./list-orders.ts";
import { KeptPlaces } from "./kept-places.ts";
import type { Reach } from "./list-reading.ts";
import { namesSeen, readPage } from "./list.ts";
import { findEvent, readLog } from "./log.ts";
import { migrate, requireMigrated } from "./migrations.ts";
import { momentOf, NOW, requireRetained, revisionAt, versionNamed, type Moment } from "./moment.ts";
import { notePulls } from "./pulls.ts";
import { readReferrers, type ReferrersFilter } from "./referrers.ts";
import type { SearchPage, SearchQuery } from "./hits.ts";
import { allBlobs, allContents, allFacts } from "./scan.ts";
import { search } from "./search.ts";
import { readContent, RecentContents } from "./recent-contents.ts";
import { SqlTransaction } from "./sql-transaction.ts";
import { SqlWebhooks } from "./sql-webhooks.ts";
import { tagHistory } from "./tag-history.ts";
import type { Webhooks } from "./webhooks.ts";
import type { View } from "../oci/view.ts";

/** A catalog, and what is kept beside it of who is told of events. */
export type WholeCatalog = Catalog & { readonly webhooks: Webhooks };

/** How far a catalog looks, where it is not as far as usual. */
export type Limits = {
  /** For pages of lists. */
  readonly reach?: Reach | undefined;
  /** How long a search may take, in milliseconds. */
  readonly searchMs?: number | undefined;
};

/** Makes a catalog of a database, whose schema it brings up to date first. Owns the engine from here on. */
export async function openCatalog(engine: Engine, limits?: Limits): Promise<WholeCatalog> {
  try {
    await migrate(engine);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return new SqlCatalog(engine, limits);
}

/** Makes a catalog of a database as it is, to be read: `DATA_UNUSABLE` when it is not one of this program's version. */
export async function openExistingCatalog(engine: Engine): Promise<Catalog> {
  try {
    await requireMigrated(engine);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return new SqlCatalog(engine);
}

class SqlCatalog implements WholeCatalog {
  readonly webhooks: Webhooks;
  readonly #engine: Engine;
  readonly #limits: Limits;
  readonly #bounds: Bounds;
  readonly #recent = new RecentContents();
  readonly #places = new KeptPlaces();
  readonly #changes = new Changes(async () => (await this.bounds()).revision);
  readonly #hints: Disposable;

  constructor(engine: Engine, limits: Limits = {}) {
    this.#engine = engine;
    this.#bounds = new Bounds(engine);
    this.webhooks = new SqlWebhooks(engine);
    this.#limits = limits;
    this.#hints = engine.listen(() => this.#changes.wake());
  }

  bounds(): ReturnType<Catalog["bounds"]> {
    return this.#bounds.now();
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
    at?: Revision,
  ): Promise<ManifestFact | undefined> {
    const [table, column, key] =
      reference.kind === "tag" ? ["tag", "name", reference.tag] : ["manifest", "digest", reference.digest];
    const { sql, values } = versionNamed(table, { repository, [column]: key }, at);
    return this.#read(at, async () => {
      const [row] = await this.#engine.all<{ digest: Digest }>(
        `select f.digest from ${table} f where ${sql}`,
        values,
      );
      const content = row && (await readContent(this.#engine, this.#recent, row.digest));
      return content && { repository, ...content };
    });
  }

  async findBlob(repository: RepositoryName, digest: Digest): Promise<BlobMember | undefined> {
    const [row] = await this.#engine.all<{ size: number; bytes: Uint8Array | null }>(
      `select size, bytes from blob where repository = ? and digest = ?`,
      [repository, digest],
    );
    return row && { size: row.size, ...(row.bytes && { bytes: row.bytes }) };
  }

  async repositoriesWithBlob(digest: Digest, limit: number, view?: View): Promise<RepositoryName[]> {
    const seen = view ? this.#engine.sees("f.repository", view) : allOf([]);
    const rows = await this.#engine.all<{ repository: RepositoryName }>(
      `select f.repository from blob f where f.digest = ? and ${seen.sql} order by f.repository limit ?`,
      [digest, ...seen.values, limit],
    );
    return rows.map((row) => row.repository);
  }

  async hasRepository(repository: RepositoryName, at?: Revision): Promise<boolean> {
    const { sql, values } = versionNamed("repository", { name: repository }, at);
    const rows = await this.#read(at, () =>
      this.#engine.all(`select 1 from repository f where ${sql}`, values),
    );
    return rows.length > 0;
  }

  async listRepositories({
    after = "",
    limit,
    view,
  }: Page<string> & { readonly view?: View | undefined }): Promise<RepositoryName[]> {
    if (view) {
      const { revision: newest } = await this.bounds();
      const asked = { newest, reach: this.#limits.reach, places: this.#places };
      return namesSeen(this.#engine, asked, { view, after, limit });
    }
    const rows = await this.#engine.all<{ name: RepositoryName }>(
      `select name from repository where name > ? and until is null and manifests > 0 order by name limit ?`,
      [after, limit],
    );
    return rows.map((row) => row.name);
  }

  async listTags(repository: RepositoryName, { after = "", limit }: Page<string>): Promise<TagFact[]> {
    const rows = await this.#engine.all<{ name: Tag; digest: Digest; created: number; updated: number }>(
      `select name, digest, created, updated from tag
        where repository = ? and name > ? and until is null order by name limit ?`,
      [repository, after, limit],
    );
    return rows.map((row) => ({
      repository,
      name: row.name,
      digest: row.digest,
      created: new Date(row.created),
      updated: new Date(row.updated),
    }));
  }

  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    page: Page<string> & ReferrersFilter,
  ): Promise<{ referrers: Referrer[]; more: boolean }> {
    return readReferrers(this.#engine, { repository, subject }, page);
  }

  async list<Kind extends ListKind>(kind: Kind, query: ListQuery): Promise<ListPage<Items[Kind]>> {
    const { revision: newest } = await this.bounds();
    const asked = { newest, reach: this.#limits.reach, places: this.#places };
    // The present costs least to read, and most crawls end before anything is written.
    if (query.at === undefined || query.at === newest) {
      const present = { ...query, at: undefined };
      const page = await readPage(this.#engine, kind, { ...asked, query: present });
      // Nothing was written meanwhile, so its statements have all seen the same state.
      if ((await this.bounds()).revision === newest) return { ...page, revision: newest };
    }
    const at = query.at ?? newest;
    return this.#read(at, async () => ({
      ...(await readPage(this.#engine, kind, { ...asked, query: { ...query, at } })),
      revision: at,
    }));
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    const { revision: newest } = await this.bounds();
    const { at = newest } = query;
    return this.#read(at, async () => ({
      ...(await search(this.#engine, { ...query, at, newest }, this.#limits.searchMs)),
      revision: at,
    }));
  }

  tagHistory(
    repository: RepositoryName,
    tag: Tag,
    { before = Number.MAX_SAFE_INTEGER, limit }: { before?: Revision | undefined; limit: number },
  ): Promise<TagChange[]> {
    return tagHistory(this.#engine, { repository, tag }, { before, limit });
  }

  revisionAt(time: Date): Promise<Revision> {
    return revisionAt(this.#engine, time);
  }

  notePulls(pulls: readonly Pull[]): Promise<void> {
    return notePulls(this.#engine, pulls);
  }

  async events({ after, limit }: { after: Revision; limit: number }): Promise<EventPage> {
    const { revision, oldest, events } = await readLog(this.#engine, { after, limit });
    requireRetained(after, { revision, oldest });
    return { revision, events };
  }

  findEvent(revision: Revision): Promise<Event | undefined> {
    return findEvent(this.#engine, revision);
  }

  async write<T>(
    repository: RepositoryName,
    origin: Origin,
    change: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const result = await this.#engine.transaction(async (queryable) => {
      await this.#engine.lock(queryable, `repository ${repository}`);
      const tx = new SqlTransaction(this.#engine, queryable, repository);
      const changed = await change(tx);
      await tx.finish(origin);
      return changed;
    });
    this.#changes.wake();
    return result;
  }

  changed(after: Revision, signal: AbortSignal): Promise<void> {
    return this.#changes.past(after, signal);
  }

  async compact(before: Date): Promise<Revision> {
    const oldest = await compact(this.#engine, before.getTime());
    // What is gone from the database may come back as something else: its media type is the pusher's word.
    this.#recent.clear();
    return oldest;
  }

  async facts(at?: Revision): Promise<Facts> {
    // Three statements see one state only if it is one that has passed.
    return this.#read(at ?? (await this.bounds()).revision, (moment) => allFacts(this.#engine, moment));
  }

  allBlobs(): ReturnType<Catalog["allBlobs"]> {
    return allBlobs(this.#engine);
  }

  allContents(): ReturnType<Catalog["allContents"]> {
    return allContents(this.#engine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hints[Symbol.dispose]();
    await this.#engine[Symbol.asyncDispose]();
  }

  /** Reads facts as they are, or as they were at a revision. */
  async #read<T>(at: Revision | undefined, read: (moment: Moment) => Promise<T>): Promise<T> {
    if (at === undefined) return read(NOW);
    requireRetained(at, await this.bounds());
    const result = await read(momentOf(at));
    // A compaction may have begun meanwhile. It moves the bounds before it takes anything out.
    requireRetained(at, await this.bounds());
    return result;
  }
}
