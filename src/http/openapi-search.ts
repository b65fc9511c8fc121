import type { ListKind } from "../catalog/items.ts";
import type { Description } from "./openapi-operation.ts";
import { pageLength, query, searchParameters } from "./openapi-parameters.ts";
import { itemProperties, list, object, page, type Schema } from "./openapi-schemas.ts";
import { HITS_DEFAULT, HITS_MAX } from "./search.ts";

const TEXT = { type: "string" };
const COUNT = { type: "integer", minimum: 0 };
const WORDS = "Words, and parameters of lists as qualifiers, such as redis platform:linux/arm64";
const LENGTH = pageLength({ byDefault: HITS_DEFAULT, max: HITS_MAX });

/** The routes of search, and those that clients ask for as they did of the first registries. */
export const SEARCH: Readonly<Record<string, Description>> = {
  "GET /v2/_supercargo/search": {
    summary: "Repositories, tags and manifests that match, best first.",
    parameters: searchParameters(WORDS, LENGTH),
    answers: {
      200: {
        says: "A page.",
        headers: ["Supercargo-Revision", "ETag"],
        mayHave: ["Link"],
        body: page({
          oneOf: [hit("repository", "repositories"), hit("tag", "tags"), hit("manifest", "manifests")],
        }),
      },
      304: { says: "The caller has this page already.", headers: ["ETag"] },
    },
    codes: ["PARAMETER_INVALID", "REVISION_EXPIRED", "REVISION_UNKNOWN"],
  },
  "GET /v1/search": {
    summary: "Repositories that match, as `docker search` and `podman search` ask for them.",
    parameters: [
      query("q", WORDS),
      LENGTH,
      query("page", "Which page", { type: "integer", minimum: 1, default: 1 }),
    ],
    answers: { 200: { says: "A page.", body: oldPage() } },
    codes: ["PARAMETER_INVALID"],
  },
  "GET /v1/_ping": {
    summary: "Searches of the first registries are answered.",
    answers: { 200: { says: "They are.", body: { const: true } } },
  },
};

/** What was found, and where in it. */
function hit(kind: string, of: ListKind): Schema {
  const matched = list(object({ field: TEXT, value: TEXT }, ["field", "value"]));
  return object({ kind: { const: kind }, ...itemProperties(of), matched }, ["kind", "matched"]);
}

function oldPage(): Schema {
  const result = {
    name: TEXT,
    description: TEXT,
    star_count: COUNT,
    is_official: { type: "boolean" },
    is_automated: { type: "boolean" },
  };
  const properties = {
    query: TEXT,
    num_results: COUNT,
    num_pages: COUNT,
    page: COUNT,
    page_size: COUNT,
    results: list(object(result, Object.keys(result))),
  };
  return object(properties, Object.keys(properties));
}
