import { RegistryError } from "../errors.ts";
import { oneLine } from "./failure.ts";
import { CATALOG_SCOPE, type Connection } from "./connection.ts";
import { ForeignCrawl, type CrawlPlan } from "./foreign-crawl.ts";
import { listReferrers } from "./foreign-referrers.ts";
import { countBelow } from "./namespace-counts.ts";
import { takeOrder } from "./order.ts";
import type { Item, ListKind, ListRequest, Page, Registry, SearchRequest } from "./registry.ts";
import { greatest, LocalSelector, unsupported, type Effort } from "./selector.ts";

/** What one has to read for each field of a list. Whatever is not named cannot be had. */
const FIELDS: Readonly<Record<ListKind, Readonly<Record<string, Effort>>>> = {
  repositories: { name: "name", tagCount: "head" },
  tags: {
    repository: "name",
    name: "name",
    digest: "head",
    mediaType: "head",
    size: "head",
    artifactType: "manifest",
    class: "manifest",
    imageSize: "manifest",
    annotations: "manifest",
    platforms: "config",
    labels: "config",
  },
  manifests: {
    repository: "head",
    digest: "head",
    mediaType: "head",
    size: "head",
    tags: "head",
    tagCount: "head",
    artifactType: "manifest",
    class: "manifest",
    imageSize: "manifest",
    annotations: "manifest",
    subject: "manifest",
    platforms: "config",
    labels: "config",
    imageCreated: "config",
  },
  namespaces: { path: "name", repository: "name", repositoryCount: "name" },
};

const ORDERS: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["name"],
  tags: ["name", "semver", "size", "imageSize"],
  manifests: ["name", "size", "imageSize"],
  namespaces: ["name"],
};

/** How many hits the search of the first registries gives at the most. */
const V1_HITS_MAX = 100;

/** A registry without our lists: what its catalog, its tag lists and its manifests tell. */
export class ForeignRegistry implements Registry {
  readonly #connection: Connection;
  readonly #note: (sentence: string) => void;

  constructor(connection: Connection, note: (sentence: string) => void) {
    this.#connection = connection;
    this.#note = note;
  }

  fieldsOf(kind: ListKind): readonly string[] {
    const free: Effort = kind === "manifests" ? "head" : "name";
    return Object.entries(FIELDS[kind]).flatMap(([field, effort]) => (effort === free ? [field] : []));
  }

  async *list(request: ListRequest): AsyncGenerator<Page> {
    const { kind, name, limit = Infinity } = request;
    const fields = this.#knownFields(request);
    const { order, selecting } = takeOrder(request.parameters, ORDERS[kind]);
    const isWithin = name !== undefined && (kind === "tags" || kind === "manifests");
    const selector = new LocalSelector(
      isWithin || name === undefined ? selecting : [...selecting, ["under", name]],
    );
    const effort = greatest([
      selector.effort,
      order?.effort ?? "name",
      ...fields.map((field) => FIELDS[kind][field] ?? "name"),
    ]);
    const plan: CrawlPlan = { name: isWithin ? name : undefined, selector, effort };
    const crawl = new ForeignCrawl(this.#connection, plan);
    const found = this.#items(request, { crawl, plan });
    const shown = request.fields === undefined ? Object.keys(FIELDS[kind]) : fields;
    let left = limit;
    for await (const items of order === undefined ? found : sorted(found, order.compare)) {
      yield { items: items.slice(0, left).map((item) => projected(item, shown)) };
      left -= items.length;
      if (left <= 0) break;
    }
    if (crawl.omission !== undefined) this.#note(crawl.omission);
  }

  /** @throws UNSUPPORTED */
  history(): AsyncIterable<Page> {
    throw notKept("the history of tags");
  }

  /** @throws UNSUPPORTED */
  events(): AsyncIterable<Page> {
    throw notKept("what happened");
  }

  async *search({ query, name, parameters, limit = Infinity }: SearchRequest): AsyncGenerator<Page> {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const qualifiers = words.filter((word) => word.includes(":"));
    if (qualifiers.length > 0) throw unsupported(qualifiers);
    const under = name === undefined ? [] : [["under", name] as const];
    const selector = new LocalSelector([...parameters, ...under]);
    const crawl = new ForeignCrawl(this.#connection, { selector, effort: "name" });
    this.#note("This registry cannot search: only the names of its repositories were compared.");
    let left = limit;
    try {
      for await (const names of crawl.names()) {
        const hits = names.filter((one) => words.every((word) => one.includes(word)));
        yield { items: hits.slice(0, left).map(hitOf) };
        left -= hits.length;
        if (left <= 0) return;
      }
    } catch (error) {
      const hits = left === limit && name === undefined ? await this.#searchOld(query) : undefined;
      if (hits === undefined) throw error;
      yield { items: hits.slice(0, limit) };
    }
  }

  #items(
    request: ListRequest,
    { crawl, plan }: { crawl: ForeignCrawl; plan: CrawlPlan },
  ): AsyncIterable<readonly Item[]> {
    switch (request.kind) {
      case "repositories":
        return this.#repositories(request, { crawl, plan });
      case "tags":
        return plan.effort === "name" ? crawl.tagNames() : crawl.tags();
      case "manifests":
        return this.#manifests(request, { crawl, plan });
      case "namespaces":
        return countBelow(crawl.names(), request.name ?? "");
      default:
        return request.kind satisfies never;
    }
  }

  #repositories(
    { fields }: ListRequest,
    { crawl, plan: { selector } }: { crawl: ForeignCrawl; plan: CrawlPlan },
  ): AsyncIterable<readonly Item[]> {
    if (selector.empty !== undefined) {
      this.#note(
        "A repository without tags counts as empty: this registry does not tell of other manifests.",
      );
    }
    const isCounted = selector.empty !== undefined || fields?.includes("tagCount");
    return isCounted ? crawl.countedRepositories() : named(crawl.names());
  }

  #manifests(
    { name, parameters }: ListRequest,
    { crawl, plan: { selector } }: { crawl: ForeignCrawl; plan: CrawlPlan },
  ): AsyncIterable<readonly Item[]> {
    const { subject } = selector;
    if (name !== undefined && subject !== undefined) {
      return listReferrers(this.#connection, { repository: name, subject, selector });
    }
    if (!parameters.some(([parameter]) => parameter === "tagged")) {
      this.#note("Only manifests with tags are listed: this registry does not tell of others.");
    }
    return crawl.manifests();
  }

  /** Those of the wanted fields that can be had. */
  #knownFields({ kind, fields }: ListRequest): readonly string[] {
    if (fields === undefined) return this.fieldsOf(kind);
    const known = fields.filter((field) => field in FIELDS[kind]);
    const others = fields.filter((field) => !known.includes(field));
    if (known.length === 0) throw unsupported(others);
    if (others.length > 0) this.#note(`This registry does not tell ${others.join(", ")}.`);
    return known;
  }

  /** What the search of the first registries finds, which some still have where there is no catalog. */
  async #searchOld(query: string): Promise<readonly Item[] | undefined> {
    const target = `/v1/search?q=${encodeURIComponent(query)}&n=${V1_HITS_MAX}`;
    const { status, bytes } = await this.#connection.ask(target, { scope: CATALOG_SCOPE });
    if (status !== 200) return undefined;
    try {
      const { results } = JSON.parse(Buffer.from(bytes).toString()) as { results?: { name?: unknown }[] };
      return results?.flatMap(({ name }) => (typeof name === "string" ? [hitOf(oneLine(name))] : []));
    } catch {
      return undefined;
    }
  }
}

function hitOf(name: string): Item {
  return { kind: "repository", name, matched: [{ field: "name", value: name }] };
}

async function* named(chunks: AsyncIterable<readonly string[]>): AsyncGenerator<readonly Item[]> {
  for await (const names of chunks) yield names.map((name) => ({ name }));
}

async function* sorted(
  chunks: AsyncIterable<readonly Item[]>,
  compare: (a: Item, b: Item) => number,
): AsyncGenerator<readonly Item[]> {
  const all: Item[] = [];
  for await (const items of chunks) for (const item of items) all.push(item);
  yield all.toSorted(compare);
}

function projected(item: Item, fields: readonly string[]): Item {
  return Object.fromEntries(
    fields.flatMap((field) => (item[field] === undefined ? [] : [[field, item[field]]])),
  );
}

function notKept(what: string): RegistryError {
  return new RegistryError("UNSUPPORTED", `This registry does not tell ${what}; only Supercargo keeps it.`);
}
