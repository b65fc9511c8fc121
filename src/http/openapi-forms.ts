import type { ErrorCode } from "../errors.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import { ORDERS } from "../registry/selector.ts";
import { CREATED_DATE } from "./forms.ts";
import { ENTRIES, NAMES, type PageLength } from "./form-page.ts";
import type { Description, Success } from "./openapi-operation.ts";
import { AT, pageLength, query, type Parameter } from "./openapi-parameters.ts";
import { list, object, schema, type Schema } from "./openapi-schemas.ts";

const COUNT = { type: "integer", minimum: 0 };
const CODES: readonly ErrorCode[] = [
  "PAGINATION_NUMBER_INVALID",
  "PARAMETER_INVALID",
  "REVISION_EXPIRED",
  "REVISION_UNKNOWN",
];
const LAST = query("last", "The name behind which the page begins, which need not exist");
const CONTINUE = query("continue", "From the `Link` of the page before");
const TIME = { type: "string", format: "date-time" };

const TAGS = form("The tags of a repository, by name.", {
  body: object({ name: schema("RepositoryName"), tags: list(schema("Tag")) }, ["name", "tags"]),
  codes: ["NAME_UNKNOWN"],
});
const CHILDREN = form(
  "The children of a namespace or of the registry, as distribution-spec issue 22 has them.",
  {
    parameters: [
      query("orderBy", "What the list is ordered by", {
        type: "string",
        enum: [...ORDERS.namespaces, CREATED_DATE],
        default: "name",
      }),
      query("order", "Ascending unless told for names, else descending", {
        type: "string",
        enum: ["asc", "desc"],
      }),
      CONTINUE,
    ],
    body: object({ name: { type: "string" }, repositories: list({ type: "string" }) }, [
      "name",
      "repositories",
    ]),
  },
);
const DESCRIPTORS = form("What can be pulled from a repository, as an image index.", {
  length: ENTRIES,
  type: MEDIA_TYPES.ociIndex,
  body: schema("Index"),
  codes: ["NAME_UNKNOWN"],
});
const REPOSITORIES = form("Repositories in a namespace or the registry (distribution-spec PR 611).", {
  length: ENTRIES,
  body: list(
    object(
      {
        name: schema("RepositoryName"),
        created: schema("Time"),
        updated: schema("Time"),
        tagCount: COUNT,
        manifestCount: COUNT,
      },
      ["name"],
    ),
  ),
});
const HISTORY = form("What a tag has pointed to, as an image index (distribution-spec PR 606).", {
  length: ENTRIES,
  type: MEDIA_TYPES.ociIndex,
  body: schema("Index"),
  codes: ["DIGEST_INVALID"],
});

/** The lists of the standard, of its drafts, and of distribution-spec issue 22: views of the same catalog. */
export const FORMS: Readonly<Record<string, Description>> = {
  "GET /v2/_catalog": form("Repositories that have manifests, by name.", {
    body: object({ repositories: list(schema("RepositoryName")) }, ["repositories"]),
  }),
  "GET /v2/<name>/tags/list": TAGS,
  "GET /v2/<name>/tags/_list": TAGS,
  "GET /v2/repositories/list": CHILDREN,
  "GET /v2/<name>/repositories/list": CHILDREN,
  "GET /v2/_list": CHILDREN,
  "GET /v2/<name>/_list": CHILDREN,
  "GET /v2/<name>/descriptors/list": DESCRIPTORS,
  "GET /v2/<name>/manifests/_list": withManifest(DESCRIPTORS),
  "GET /v2/_oci/repositories": REPOSITORIES,
  "GET /v2/<name>/_oci/repositories": REPOSITORIES,
  "GET /v2/<name>/_oci/tag-history/<tag>": {
    ...HISTORY,
    parameters: [
      pageLength(ENTRIES),
      query("before", "Only what happened before this time", TIME),
      query("since", "Only what has happened since this time", TIME),
      query("digest", "Only where it pointed to this", schema("Digest")),
      CONTINUE,
    ],
  },
};

type Form = {
  readonly parameters?: readonly Parameter[];
  readonly length?: PageLength;
  readonly type?: string;
  readonly body: Schema;
  readonly codes?: readonly ErrorCode[];
};

function form(summary: string, { parameters = [], length = NAMES, codes = [], ...shape }: Form): Description {
  const isIndex = shape.type === MEDIA_TYPES.ociIndex;
  const success: Success = {
    says: "A page.",
    headers: ["ETag", "Supercargo-Revision", ...(isIndex ? ["Docker-Content-Digest"] : [])],
    mayHave: ["Link"],
    ...shape,
  };
  return {
    summary,
    parameters: [pageLength(length), LAST, AT, ...parameters],
    answers: { 200: success, 304: { says: "The caller has this page already.", headers: ["ETag"] } },
    codes: [...CODES, ...codes],
  };
}

/** A tag that has the list's name comes before the list. */
function withManifest(description: Description): Description {
  return {
    ...description,
    summary: "The same as descriptors/list; or the manifest with the tag `_list`, if there is one.",
    answers: {
      ...description.answers,
      200: {
        says: "A page, or the manifest.",
        headers: ["ETag", "Docker-Content-Digest"],
        type: "*/*",
        body: {},
      },
    },
  };
}
