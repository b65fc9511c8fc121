import { ORDERS } from "../registry/selector.ts";
import { SEARCH_TERMS_MAX } from "../registry/search-query.ts";
import { json, type Call, type Handler } from "./call.ts";
import { EVENTS_DEFAULT, EVENTS_MAX } from "./events.ts";
import { ITEMS_DEFAULT, ITEMS_MAX, NAMES_MAX } from "./lists.ts";
import { HITS_DEFAULT, HITS_MAX } from "./search.ts";

const ABOUT = "https://github.com/opencontainers/distribution-spec";

type Extension = {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  /** Which paths are its. */
  readonly has: RegExp;
};

const EXTENSIONS: readonly Extension[] = [
  {
    name: "_oci",
    url: `${ABOUT}/blob/main/extensions/_oci.md`,
    description:
      "Says which extensions there are; lists repositories (draft PR 611) and a tag's history (PR 606).",
    has: /\/_oci\//,
  },
  {
    name: "_catalog",
    url: `${ABOUT}/blob/main/extensions/README.md`,
    description: "Lists all repositories that have manifests.",
    has: /\/_catalog$/,
  },
  {
    name: "_list",
    url: `${ABOUT}/issues/22`,
    description:
      "Lists the children of a namespace, tags, and descriptors of manifests, in both forms of issue 22.",
    has: /\/_list$|\/(?:repositories|descriptors)\/list$/,
  },
  {
    name: "_supercargo",
    url: "docs/api.md",
    description: "Lists, searches and follows everything in the registry, at any revision that is kept.",
    has: /\/_supercargo\//,
  },
];

/** Serves what the registry offers beyond the standard's end-points (extension `_oci`), by the paths that are served. */
export function discover(routes: () => readonly { readonly path: string }[]): Handler {
  return async (call) => {
    const paths = [...new Set(routes().map((route) => route.path))];
    const extensions = EXTENSIONS.map(({ has, ...extension }) => ({
      ...extension,
      endpoints: paths.filter((path) => has.test(path)),
      ...(extension.name === "_supercargo" && termsOf(call)),
    }));
    return json({ extensions });
  };
}

/** What clients of our lists can count on. */
function termsOf({ registry }: Call): object {
  return {
    limits: {
      items: { default: ITEMS_DEFAULT, max: ITEMS_MAX },
      names: { default: ITEMS_DEFAULT, max: NAMES_MAX },
      events: { default: EVENTS_DEFAULT, max: EVENTS_MAX },
      hits: { default: HITS_DEFAULT, max: HITS_MAX },
      searchTerms: SEARCH_TERMS_MAX,
      manifestBytes: registry.options.manifestBytesMax,
    },
    orders: ORDERS,
    retentionSeconds: Math.floor(registry.options.retentionMs / 1000),
  };
}
