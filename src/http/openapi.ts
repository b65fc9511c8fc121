import type { ErrorCode } from "../errors.ts";
import { digestOf } from "../oci/digest.ts";
import { json, requireKnown, type Answer, type Handler } from "./call.ts";
import { etagOf, isFresh, notModified } from "./conditions.ts";
import { ACCESS } from "./openapi-access.ts";
import { FORMS } from "./openapi-forms.ts";
import { operationOf } from "./openapi-operation.ts";
import { OURS } from "./openapi-ours.ts";
import { SEARCH } from "./openapi-search.ts";
import { SCHEMAS } from "./openapi-schemas.ts";
import { WEBHOOKS } from "./openapi-webhooks.ts";
import { STANDARD } from "./openapi-standard.ts";
import type { Route } from "./routes.ts";

const ABOUT = `An OCI registry that can tell what is in it. Every GET answers HEAD as well. A name in a path contains
slashes, which are sent as they are; a slash at the end of a path does not count. What the standard does not know is
ignored on its paths and refused on ours.`;

/** The version of what is described: its first number changes when clients would break. */
const VERSION = "1.0.0";

type Place = Pick<Route, "method" | "path" | "needs">;

/** How a route that needs anything is refused. */
const REFUSALS: readonly ErrorCode[] = ["UNAUTHORIZED", "DENIED"];

/** What is known of each route, by method and path. */
export const DESCRIPTIONS = { ...STANDARD, ...FORMS, ...OURS, ...SEARCH, ...ACCESS, ...WEBHOOKS };

/** The OpenAPI 3.1 document of these routes. A route that nothing describes is an error of ours. */
export function describeApi(routes: readonly Place[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, needs } of routes) {
    const description = DESCRIPTIONS[`${method} ${path}`];
    if (description === undefined) throw new Error(`Nothing describes ${method} ${path}.`);
    const operations = (paths[templateOf(path)] ??= {});
    const codes = [...(description.codes ?? []), ...(needs === "nothing" ? [] : REFUSALS)];
    operations[method.toLowerCase()] = operationOf(method, path, { ...description, codes });
  }
  return {
    openapi: "3.1.0",
    info: { title: "Supercargo", version: VERSION, description: ABOUT.replaceAll("\n", " ") },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: SCHEMAS },
  };
}

/** A route's path in OpenAPI's words. */
export function templateOf(path: string): string {
  return path.replaceAll(/<(\w+)>/g, "{$1}");
}

/** Serves the document of the routes, which is made when it is first asked for. */
export function openapi(routes: () => readonly Place[]): Handler {
  let made: { answer: Answer; etag: string } | undefined;
  return async ({ request, query }) => {
    requireKnown(query, []);
    made ??= answerWith(describeApi(routes()));
    return isFresh(request, made.etag) ? notModified({ ETag: made.etag }) : made.answer;
  };
}

function answerWith(document: object): { answer: Answer; etag: string } {
  const etag = etagOf(digestOf(Buffer.from(JSON.stringify(document))));
  return { answer: json(document, { ETag: etag }), etag };
}
