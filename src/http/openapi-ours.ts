import type { ListKind } from "../catalog/items.ts";
import type { ErrorCode } from "../errors.ts";
import { EVENT_PARAMETERS, EVENT_TYPES, OWN_EVENT_PARAMETERS } from "../registry/event-selector.ts";
import { PARAMETERS } from "../registry/selector-parameters.ts";
import { EVENTS_DEFAULT, EVENTS_MAX, WAIT_SECONDS_MAX } from "./events.ts";
import { ITEMS_DEFAULT, ITEMS_MAX } from "./lists.ts";
import type { Description } from "./openapi-operation.ts";
import { listParameters, pageLength, query } from "./openapi-parameters.ts";
import { ITEM, list, page, schema } from "./openapi-schemas.ts";

const REVISION_CODES: readonly ErrorCode[] = ["PARAMETER_INVALID", "REVISION_EXPIRED", "REVISION_UNKNOWN"];
const ITEMS = { byDefault: ITEMS_DEFAULT, max: ITEMS_MAX };
const EVENTS = { byDefault: EVENTS_DEFAULT, max: EVENTS_MAX };

/** The routes below `_supercargo`. */
export const OURS: Readonly<Record<string, Description>> = {
  "GET /v2/_supercargo/openapi.json": {
    summary: "This description.",
    answers: {
      200: { says: "An OpenAPI 3.1 document.", headers: ["ETag"], body: { type: "object" } },
      304: { says: "The caller has this already.", headers: ["ETag"] },
    },
    codes: ["PARAMETER_INVALID"],
  },
  "GET /v2/_supercargo/repositories": listDescription("repositories", "Repositories."),
  "GET /v2/_supercargo/tags": listDescription("tags", "Tags across repositories."),
  "GET /v2/_supercargo/manifests": listDescription(
    "manifests",
    "Manifests across repositories, untagged ones too.",
  ),
  "GET /v2/_supercargo/namespaces": listDescription(
    "namespaces",
    "The children of a namespace, or of the registry.",
  ),
  "GET /v2/<name>/_supercargo/tags": listDescription("tags", "Tags of one repository.", { isOfOne: true }),
  "GET /v2/<name>/_supercargo/manifests": listDescription("manifests", "Manifests of one repository.", {
    isOfOne: true,
  }),
  "GET /v2/<name>/_supercargo/tags/<tag>/history": {
    summary: "What a tag has pointed to, newest first, deletions included.",
    parameters: [pageLength(ITEMS), query("continue", "The `continue` of the page before")],
    answers: {
      200: {
        says: "A page.",
        headers: ["Supercargo-Revision"],
        mayHave: ["Link"],
        body: page(schema("TagChange")),
      },
    },
    codes: REVISION_CODES,
  },
  "GET /v2/_supercargo/events": eventsDescription(
    "What happened in all repositories, oldest first.",
    EVENT_PARAMETERS,
  ),
  "GET /v2/<name>/_supercargo/events": eventsDescription(
    "What happened in one repository.",
    OWN_EVENT_PARAMETERS,
  ),
  "DELETE /v2/<name>/_supercargo/repository": {
    summary: "Deletes a whole repository.",
    answers: { 202: { says: "It is gone." } },
    codes: ["NAME_UNKNOWN"],
  },
};

function eventsDescription(summary: string, selected: readonly string[]): Description {
  return {
    summary,
    parameters: [
      query("after", "The cursor, or the revision, behind which it begins"),
      query(
        "since",
        "A time or age at which it begins, or a revision behind which it does; not with `after`",
      ),
      query("snapshot", "`true`: a stream begins with what there is", { type: "string", enum: ["true"] }),
      query(
        "wait",
        `How long a page may wait until something happens, in seconds; no longer than ${WAIT_SECONDS_MAX}`,
        {
          type: "integer",
          minimum: 0,
        },
      ),
      ...selected.map((name) =>
        name === "type"
          ? query("type", `Types of events, with commas between them: ${EVENT_TYPES.join(", ")}`)
          : query(name, `Must be ${PARAMETERS[name]?.form ?? ""}`),
      ),
      pageLength(EVENTS),
    ],
    answers: {
      200: {
        says: "A CloudEvents batch; or, as `Accept` says, a stream of them that goes on.",
        mayHave: ["Supercargo-Revision", "Supercargo-Cursor", "Link"],
        type: "application/cloudevents-batch+json",
        body: list(schema("Event")),
        flows: ["text/event-stream", "application/x-ndjson"],
      },
    },
    codes: [...REVISION_CODES, "TOOMANYREQUESTS", "NAME_UNKNOWN"],
  };
}

function listDescription(
  kind: ListKind,
  summary: string,
  { isOfOne = false }: { readonly isOfOne?: boolean } = {},
): Description {
  return {
    summary,
    parameters: listParameters(kind, { isOfOne }),
    answers: {
      200: {
        says: "A page.",
        headers: ["Supercargo-Revision", "ETag"],
        mayHave: ["Link"],
        body: page(schema(ITEM[kind])),
      },
      304: { says: "The caller has this page already.", headers: ["ETag"] },
    },
    codes: isOfOne ? [...REVISION_CODES, "NAME_UNKNOWN"] : REVISION_CODES,
  };
}
