import type { Connection } from "./connection.ts";
import { listPages } from "./pages.ts";
import type {
  EventsRequest,
  HistoryRequest,
  Item,
  ListKind,
  ListRequest,
  Page,
  Registry,
  SearchRequest,
} from "./registry.ts";
import type { Parameters } from "./selector.ts";

/** The most that the API gives at once, which is names; of what takes more room it gives fewer. */
const PAGE = 10_000;

/** What the API gives of each item. */
const FIELDS: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["name", "created", "updated", "pulled", "tagCount", "manifestCount", "size"],
  tags: [
    "repository",
    "name",
    "digest",
    "mediaType",
    "artifactType",
    "class",
    "size",
    "imageSize",
    "created",
    "updated",
    "pulled",
  ],
  manifests: [
    "repository",
    "digest",
    "mediaType",
    "artifactType",
    "class",
    "size",
    "imageSize",
    "pushed",
    "pulled",
    "tags",
    "tagCount",
    "subject",
    "imageCreated",
    "platforms",
    "annotations",
    "labels",
  ],
  namespaces: ["path", "repository", "repositoryCount", "updated"],
};

/** What it gives only to those who ask for it. */
const INCLUDABLE: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["latest", "artifactTypes"],
  tags: ["platforms", "annotations", "labels"],
  manifests: [],
  namespaces: [],
};

const ROOT = "/v2/_supercargo";

/** A registry with our lists: it does all the work. */
export class SupercargoRegistry implements Registry {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  fieldsOf(kind: ListKind): readonly string[] {
    return FIELDS[kind];
  }

  list({ kind, name, parameters, fields, limit }: ListRequest): AsyncIterable<Page> {
    const query = new URLSearchParams(parameters.map(([key, value]) => [key, value]));
    const isWithin = name !== undefined && (kind === "tags" || kind === "manifests");
    if (name !== undefined && !isWithin) query.set("under", name);
    const include = INCLUDABLE[kind].filter((field) => fields?.includes(field));
    if (include.length > 0) query.set("include", include.join(","));
    if (fields !== undefined) query.set("fields", fields.join(","));
    return this.#items(isWithin ? `/v2/${name}/_supercargo/${kind}` : `${ROOT}/${kind}`, {
      query,
      limit,
    });
  }

  history({ name, tag, parameters, limit }: HistoryRequest): AsyncIterable<Page> {
    return this.#items(`/v2/${name}/_supercargo/tags/${tag}/history`, { query: queryOf(parameters), limit });
  }

  search({ query: text, name, parameters, limit }: SearchRequest): AsyncIterable<Page> {
    const q = name === undefined ? text : `${text} under:${name}`;
    return this.#items(`${ROOT}/search`, { query: queryOf([["q", q], ...parameters]), limit });
  }

  events({ parameters, limit }: EventsRequest): AsyncIterable<Page> {
    return this.#items(`${ROOT}/events`, { query: queryOf(parameters), limit });
  }

  async *#items(
    path: string,
    { query, limit = Infinity }: { query: URLSearchParams; limit?: number | undefined },
  ): AsyncGenerator<Page> {
    query.set("n", String(Math.min(PAGE, limit)));
    let left = limit;
    // Any valid token will do on our lists, which show what its bearer may see; the challenge names its scope, if any.
    for await (const { body, answer } of listPages(this.#connection, `${path}?${query.toString()}`, {
      scope: "",
    })) {
      // The log comes as a batch of events, which is an array by itself.
      const items = Array.isArray(body) ? (body as Item[]) : (body as { items: Item[] }).items;
      const revision = Number(answer.headers.get("Supercargo-Revision") ?? Number.NaN);
      const cursor = answer.headers.get("Supercargo-Cursor") ?? undefined;
      yield {
        items: items.slice(0, left),
        ...(Number.isSafeInteger(revision) && { revision }),
        ...(cursor !== undefined && { cursor }),
      };
      left -= items.length;
      if (left <= 0) return;
    }
  }
}

function queryOf(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(parameters.map(([name, value]) => [name, value]));
}
