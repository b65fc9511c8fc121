import type { Catalog } from "../catalog/catalog.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Call } from "./call.ts";
import { PageCache } from "./page-cache.ts";

/** The name of no repository: there cannot be one, as it is no name. */
const NONE = "-" as RepositoryName;

/**
 * The same request to a registry in which the repository does not exist: so its answer is that of one that does not, to the
 * byte, takes as long, and stays so when the handler changes. Pages that others were shown are out of reach.
 */
export function asAbsent(call: Call): Call {
  const registry = { ...call.registry, catalog: withoutRepository(call.registry.catalog) };
  return { ...call, registry, service: { ...call.service, pages: new PageCache() } };
}

/** Asks the catalog for a repository that does not exist, whichever it is asked for. Nothing else can be asked of it. */
function withoutRepository(catalog: Catalog): Catalog {
  return {
    bounds: () => catalog.bounds(),
    revisionAt: (time) => catalog.revisionAt(time),
    findManifest: (_, reference, at) => catalog.findManifest(NONE, reference, at),
    findBlob: (_, digest) => catalog.findBlob(NONE, digest),
    hasRepository: (_, at) => catalog.hasRepository(NONE, at),
    listTags: (_, page) => catalog.listTags(NONE, page),
    listReferrers: (_, subject, page) => catalog.listReferrers(NONE, subject, page),
    tagHistory: (_, tag, page) => catalog.tagHistory(NONE, tag, page),
    list: (kind, query) =>
      catalog.list(kind, { ...query, selector: { ...query.selector, repository: NONE } }),
    repositoriesWithBlob: refused,
    listRepositories: refused,
    search: refused,
    notePulls: refused,
    events: refused,
    findEvent: refused,
    changed: refused,
    write: refused,
    compact: refused,
    facts: refused,
    allBlobs: unreadable,
    allContents: unreadable,
    [Symbol.asyncDispose]: refused,
  };
}

/** What a request must not ask of a catalog that it sees a part of. */
export function unreadable(): never {
  throw new Error("A request that may not see all of the registry asks for more than it was meant to.");
}

/** The same of what would be promised. */
export async function refused(): Promise<never> {
  return unreadable();
}
