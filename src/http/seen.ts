import type { Catalog } from "../catalog/catalog.ts";
import type { View } from "../oci/view.ts";
import { refused, unreadable } from "./absent.ts";
import type { Call } from "./call.ts";

/** The same request to a registry in which there is only what the view shows. Pages are kept for those who see the same. */
export function asSeen(call: Call, view: View): Call {
  const registry = { ...call.registry, catalog: seenThrough(call.registry.catalog, view) };
  return { ...call, registry, service: { ...call.service, pages: call.service.pages.within(view.key) } };
}

/** What lists over many repositories ask of a catalog, each through the view. Nothing else can be asked of it. */
function seenThrough(catalog: Catalog, view: View): Catalog {
  return {
    bounds: () => catalog.bounds(),
    revisionAt: (time) => catalog.revisionAt(time),
    list: (kind, query) => catalog.list(kind, { ...query, view }),
    listRepositories: (page) => catalog.listRepositories({ ...page, view }),
    search: (query) => catalog.search({ ...query, view }),
    findManifest: refused,
    findBlob: refused,
    hasRepository: refused,
    listTags: refused,
    listReferrers: refused,
    tagHistory: refused,
    repositoriesWithBlob: refused,
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
