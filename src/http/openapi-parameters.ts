import type { ListKind } from "../catalog/items.ts";
import { TIME_FORMS } from "../oci/time.ts";
import { PARAMETERS } from "../registry/selector-parameters.ts";
import { CHOOSE_REPOSITORIES, ORDERS, SELECTOR_PARAMETERS } from "../registry/selector.ts";
import { FIELDS, INCLUDES } from "./list-fields.ts";
import { ITEMS_DEFAULT, ITEMS_MAX, NAMES_MAX, ownParameters } from "./lists.ts";
import { list, schema, type Schema } from "./openapi-schemas.ts";
import { WEBHOOK_NAME } from "../webhooks/definition.ts";

/** A parameter of an operation, in OpenAPI's words. */
export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
  /** Whether values of a list are sent one by one (`a=1&a=2`), or with commas between them. */
  readonly explode?: boolean;
  readonly "x-contains-slashes"?: boolean;
};

/** A parameter in the query. */
export function query(name: string, description: string, of: Schema = { type: "string" }): Parameter {
  return { name, in: "query", description: sentence(description), schema: of };
}

/** The length of a page. Asking for more than there may be is no error. */
export function pageLength({ byDefault, max }: { byDefault: number; max: number }): Parameter {
  return query("n", `How much a page may hold; no page holds more than ${max}`, {
    type: "integer",
    minimum: 0,
    default: byDefault,
  });
}

/** What `at` may be: on every list that can be asked for the past. */
export const AT = query(
  "at",
  `The facts at a revision or time instead of the present: a revision, ${TIME_FORMS}`,
);

/** What a route's placeholders stand for. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/<(\w+)>/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    ...PLACEHOLDERS[name],
    schema: PLACEHOLDERS[name]?.schema ?? { type: "string" },
  }));
}

const PLACEHOLDERS: Readonly<Record<string, Omit<Parameter, "name" | "in">>> = {
  name: {
    description: "A repository or namespace. Its slashes are sent as they are.",
    schema: schema("RepositoryName"),
    "x-contains-slashes": true,
  },
  digest: { schema: schema("Digest") },
  tag: { schema: schema("Tag") },
  reference: { description: "A tag or a digest.", schema: { type: "string" } },
  webhook: { schema: { type: "string", pattern: WEBHOOK_NAME.source } },
  id: { description: "From the `Location` of the answer that began the upload.", schema: { type: "string" } },
};

/** The parameters of a list: its part of the selector, and what all lists have; of one repository's if `isOfOne`. */
export function listParameters(kind: ListKind, { isOfOne }: { readonly isOfOne: boolean }): Parameter[] {
  const taken = SELECTOR_PARAMETERS[kind].filter((name) => !isOfOne || !CHOOSE_REPOSITORIES.includes(name));
  return [...taken.map(selectorParameter), ...ownParameters(kind).map((name) => besides(name, kind))];
}

/** The parameters of search: its query, the selector's, and where its page begins. */
export function searchParameters(ofQuery: string, length: Parameter): Parameter[] {
  const own = [query("q", ofQuery), length, query("continue", "The `continue` of the page before")];
  return [...own, ...SELECTOR_PARAMETERS.search.map(selectorParameter)];
}

function selectorParameter(name: string): Parameter {
  const { form = "", allowed, mayRepeat = false } = PARAMETERS[name] ?? {};
  const text: Schema = { type: "string", ...(allowed && { enum: allowed }) };
  if (mayRepeat)
    return { ...query(name, `${form}; all that are given must hold`, list(text)), explode: true };
  return name === "class" ? { ...query(name, form, list(text)), explode: false } : query(name, form, text);
}

function besides(name: string, kind: ListKind): Parameter {
  const parameter = BESIDES[name]?.(kind);
  if (parameter === undefined) throw new Error(`Nothing says what the parameter ${name} is.`);
  return parameter;
}

const BESIDES: Readonly<Record<string, (kind: ListKind) => Parameter>> = {
  orderBy: (kind) => query("orderBy", "What the list is ordered by", oneOf(ORDERS[kind], "name")),
  order: () => query("order", "Ascending unless told for names, else descending", oneOf(["asc", "desc"])),
  n: () => ({
    ...pageLength({ byDefault: ITEMS_DEFAULT, max: ITEMS_MAX }),
    description: `How many items a page may hold: at most ${ITEMS_MAX}, or ${NAMES_MAX} of names alone.`,
  }),
  last: () => query("last", "The name behind which the page begins, which need not exist; by name only"),
  continue: () => query("continue", "The `continue` of the page before"),
  at: () => AT,
  fields: (kind) => commas("fields", "Only these fields of each item", FIELDS[kind]),
  include: (kind) => commas("include", "Fields there on request only", INCLUDES[kind]),
};

function commas(name: string, description: string, allowed: readonly string[]): Parameter {
  return { ...query(name, description, list({ type: "string", enum: allowed })), explode: false };
}

function oneOf(values: readonly string[], byDefault?: string): Schema {
  return { type: "string", enum: values, ...(byDefault !== undefined && { default: byDefault }) };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
