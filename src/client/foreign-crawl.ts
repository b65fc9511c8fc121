import { RegistryError, type ErrorCode } from "../errors.ts";
import { classOfTag } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { parseTag, type Tag } from "../oci/tag.ts";
import { CATALOG_SCOPE, pullScope, type Connection } from "./connection.ts";
import { DetailReader, type Detail } from "./detail.ts";
import { inOrder } from "./in-order.ts";
import { listNames } from "./names.ts";
import type { Item } from "./registry.ts";
import type { Effort, LocalSelector } from "./selector.ts";

/** What one crawl is for. */
export type CrawlPlan = {
  /** The one repository that is meant; all of the catalog if it is left out. */
  readonly name?: RepositoryName | undefined;
  readonly selector: LocalSelector;
  /** How much of each manifest has to be read. */
  readonly effort: Effort;
};

/** What a repository of a catalog may answer without making the whole crawl worthless. */
const SKIPPED: readonly ErrorCode[] = ["NAME_UNKNOWN", "ROUTE_UNKNOWN", "DENIED", "UNAUTHORIZED"];
/** How many repositories that were left out are remembered by name. */
const SKIPPED_NAMED_MAX = 5;

type Tagged = { readonly repository: RepositoryName; readonly tag: Tag };

/** Collects what the old lists and the manifests tell, with as many requests under way as the connection allows. */
export class ForeignCrawl {
  readonly #connection: Connection;
  readonly #plan: CrawlPlan;
  readonly #details: DetailReader;
  readonly #skipped: string[] = [];
  #skippedCount = 0;

  constructor(connection: Connection, plan: CrawlPlan) {
    this.#connection = connection;
    this.#plan = plan;
    this.#details = new DetailReader(connection, plan.effort === "name" ? "head" : plan.effort);
  }

  /** What was left out, as a sentence, or `undefined`. */
  get omission(): string | undefined {
    if (this.#skippedCount === 0) return undefined;
    const more = this.#skippedCount > this.#skipped.length ? ", …" : "";
    const names = this.#skipped.join(", ") + more;
    return `Left out, for they are gone or may not be read: ${this.#skippedCount} of the catalog's repositories (${names}).`;
  }

  /** The names of the repositories that are meant, in the registry's order. */
  async *names(): AsyncGenerator<readonly string[]> {
    const only = this.#plan.name ?? this.#plan.selector.repository;
    if (only !== undefined) {
      yield [only].filter((name) => this.#plan.selector.matchesRepository(name));
      return;
    }
    const catalog = { path: "/v2/_catalog", key: "repositories", scope: CATALOG_SCOPE } as const;
    try {
      for await (const names of listNames(this.#connection, catalog)) {
        yield names.filter((name) => this.#plan.selector.matchesRepository(name));
      }
    } catch (error) {
      throw error instanceof RegistryError && SKIPPED.includes(error.code) ? noCatalog(error) : error;
    }
  }

  /** Repositories with how many tags each has. */
  async *countedRepositories(): AsyncGenerator<readonly Item[]> {
    for await (const { repository, tags } of this.#tagLists()) {
      const { empty } = this.#plan.selector;
      if (empty === undefined || empty === (tags.length === 0))
        yield [{ name: repository, tagCount: tags.length }];
    }
  }

  /** Tags by their names alone. */
  async *tagNames(): AsyncGenerator<readonly Item[]> {
    for await (const { repository, tags } of this.#tagLists()) {
      yield tags.map((name) => ({ repository, name }));
    }
  }

  /** Tags with what their manifests say. */
  async *tags(): AsyncGenerator<readonly Item[]> {
    const of = async (tagged: Tagged): Promise<{ tagged: Tagged; detail: Detail | undefined }> => ({
      tagged,
      detail: await this.#detailOf(tagged),
    });
    for await (const { tagged, detail } of inOrder(this.#tagged(), { window: this.#window, of })) {
      if (detail !== undefined && this.#plan.selector.matchesDetail(detail)) {
        yield [{ repository: tagged.repository, name: tagged.tag, ...detail }];
      }
    }
  }

  /** Manifests that have tags, a repository's at a time. */
  manifests(): AsyncIterable<readonly Item[]> {
    const of = ({
      repository,
      tags,
    }: {
      repository: RepositoryName;
      tags: readonly Tag[];
    }): Promise<Item[]> => this.#manifestsOf(repository, tags);
    return inOrder(this.#tagLists(), { window: this.#window, of });
  }

  get #window(): number {
    return this.#connection.concurrency;
  }

  async #manifestsOf(repository: RepositoryName, tags: readonly Tag[]): Promise<Item[]> {
    const found = new Map<Digest, { detail: Detail; tags: Tag[] }>();
    const of = async (tag: Tag): Promise<[Tag, Detail | undefined]> => [
      tag,
      await this.#detailOf({ repository, tag }),
    ];
    for await (const [tag, detail] of inOrder(tags, { window: this.#window, of })) {
      if (detail === undefined || !this.#plan.selector.matchesDetail(detail)) continue;
      const known = found.get(detail.digest);
      if (known === undefined) found.set(detail.digest, { detail, tags: [tag] });
      else known.tags.push(tag);
    }
    return [...found.values()].map(({ detail, tags: own }) => ({
      repository,
      ...detail,
      tags: own.toSorted(),
      tagCount: own.length,
    }));
  }

  async #detailOf({ repository, tag }: Tagged): Promise<Detail | undefined> {
    const detail = await this.#details.read(repository, { kind: "tag", tag });
    const byName = classOfTag(tag);
    return detail && byName !== undefined && this.#plan.effort !== "head"
      ? { ...detail, class: byName }
      : detail;
  }

  async *#tagged(): AsyncGenerator<Tagged> {
    for await (const { repository, tags } of this.#tagLists()) {
      for (const tag of tags) yield { repository, tag };
    }
  }

  /** The tags that are meant, repository by repository. */
  async *#tagLists(): AsyncGenerator<{ repository: RepositoryName; tags: readonly Tag[] }> {
    const of = async (
      name: string,
    ): Promise<{ repository: RepositoryName; tags: readonly Tag[] } | undefined> => {
      try {
        const repository = parseName(name);
        return { repository, tags: await this.#tagsOf(repository) };
      } catch (error) {
        if (!this.#maySkip(error)) throw error;
        this.#skippedCount++;
        if (this.#skipped.length < SKIPPED_NAMED_MAX) this.#skipped.push(name.replaceAll(/\p{C}/gu, "?"));
        return undefined;
      }
    };
    for await (const list of inOrder(flat(this.names()), { window: this.#window, of })) {
      if (list !== undefined) yield list;
    }
  }

  /** A repository that somebody named has to be there; one of a catalog may have gone since, or be somebody else's. */
  #maySkip(error: unknown): boolean {
    const isNamed = (this.#plan.name ?? this.#plan.selector.repository) !== undefined;
    return !isNamed && error instanceof RegistryError && [...SKIPPED, "NAME_INVALID"].includes(error.code);
  }

  async #tagsOf(repository: RepositoryName): Promise<Tag[]> {
    const tags: Tag[] = [];
    const list = { path: `/v2/${repository}/tags/list`, key: "tags", scope: pullScope(repository) } as const;
    for await (const names of listNames(this.#connection, list)) {
      for (const name of names) if (this.#plan.selector.matchesTag(name) && isTag(name)) tags.push(name);
    }
    // Not every registry orders them.
    return tags.toSorted();
  }
}

/** Many registries keep their catalog from whoever is no administrator, or have none. */
function noCatalog(cause: RegistryError): RegistryError {
  const advice = "It does not list its repositories for you; name one, as in supercargo tags HOST/NAME.";
  const code = cause.code === "ROUTE_UNKNOWN" ? "UNSUPPORTED" : cause.code;
  return new RegistryError(code, `${cause.message} ${advice}`, { detail: cause.detail, cause });
}

/** Some registries have digests among the tags; nothing can be asked by these as tags. */
function isTag(text: string): text is Tag {
  try {
    return parseTag(text) === text;
  } catch {
    return false;
  }
}

async function* flat<T>(chunks: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const chunk of chunks) yield* chunk;
}
