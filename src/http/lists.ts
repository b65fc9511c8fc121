import type { Revision } from "../catalog/catalog.ts";
import type { ListKind, ListQuery, Order, Position } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { formatLink } from "../oci/link.ts";
import type { RepositoryName } from "../oci/name.ts";
import { requireRepository } from "../registry/repositories.ts";
import { fingerprintOf, formatToken, readToken } from "../registry/page-token.ts";
import { readOrder, readSelector } from "../registry/selector.ts";
import { lastParam, numberParam, repositoryOf, type Answer, type Call, type Handler } from "./call.ts";
import { readAt } from "./form-page.ts";
import { answerItems, type ItemPage } from "./item-page.ts";
import { INCLUDES, pick, readShown } from "./list-fields.ts";

/** Items on a page when the client does not say, and at the most; names alone take less room. */
export const ITEMS_DEFAULT = 100;
export const ITEMS_MAX = 1_000;
export const NAMES_MAX = 10_000;

/** Parameters of a list that are no part of its selector. */
export function ownParameters(kind: ListKind): readonly string[] {
  const all = ["orderBy", "order", "n", "last", "continue", "at", "fields"];
  return INCLUDES[kind].length === 0 ? all : [...all, "include"];
}

/** Serves a list of the whole registry. */
export function listOf(kind: ListKind): Handler {
  return (call) => answerList(call, { kind, path: `/v2/_supercargo/${kind}` });
}

/** Serves a list of what is in exactly one repository. `NAME_UNKNOWN`. */
export function listIn(kind: "tags" | "manifests"): Handler {
  return (call) => {
    const repository = repositoryOf(call);
    return answerList(call, { kind, path: `/v2/${repository}/_supercargo/${kind}`, repository });
  };
}

type List = {
  readonly kind: ListKind;
  readonly path: string;
  readonly repository?: RepositoryName;
};

function answerList(call: Call, list: List): Promise<Answer> {
  const { path, repository } = list;
  return answerItems(call, path, async () => {
    const params = [...call.query].filter(([, value]) => value !== "");
    const asked = await readAsked(call, list, params);
    const { at } = asked.query;
    const requireThere = repository && (() => requireRepository(call.registry, repository, at));
    return { at, requireThere, read: () => readItems(call, list, asked) };
  });
}

type Params = readonly (readonly [string, string])[];

/** What a request asks for. */
type Asked = {
  readonly query: ListQuery;
  readonly fields: readonly string[] | undefined;
  readonly asOf: Date;
  /** Names the query in tokens. */
  readonly fingerprint: string;
  /** Parameters that the link to the next page repeats. */
  readonly repeated: Params;
};

async function readAsked(call: Call, list: List, params: Params): Promise<Asked> {
  const { kind, path, repository } = list;
  const order = readOrder(kind, call.query.get("orderBy") || undefined, call.query.get("order") || undefined);
  const { fields, include, namesOnly } = readShown(kind, call.query);
  const n = numberParam(call.query, "n") ?? ITEMS_DEFAULT;
  const fingerprint = fingerprintOf(path, params);
  const start = await startOf(call, { order, fingerprint });
  const { asOf, at } = start;
  const selector = readSelector(params, kind, { besides: ownParameters(kind), now: asOf, of: repository });
  const query: ListQuery = {
    selector: repository ? { ...selector, repository } : selector,
    order,
    limit: Math.min(n, namesOnly ? NAMES_MAX : ITEMS_MAX),
    include,
    namesOnly,
    at,
    after: start.after ?? (start.last === undefined ? undefined : placeOf(list, start.last, selector.under)),
  };
  const repeated = params.filter(([name]) => !["n", "continue", "last"].includes(name));
  return { query, fields, asOf, fingerprint, repeated };
}

async function readItems(
  call: Call,
  { kind, path }: List,
  { query, fields, asOf, fingerprint, repeated }: Asked,
): Promise<ItemPage> {
  const { revision, items, next } = await call.registry.catalog.list(kind, query);
  const token = next && formatToken({ revision, asOf, after: next, query: fingerprint });
  const body = {
    revision,
    items: fields ? items.map((item) => pick(item, fields)) : items,
    ...(token !== undefined && { continue: token }),
  };
  const link = token && formatLink(path, [...repeated, ["n", String(query.limit)], ["continue", token]]);
  return { body, headers: { "Supercargo-Revision": revision, ...(link && { Link: link }) } };
}

/** Where a page begins, and at which revision; `last` is a name that a client took from the last item it has. */
type Start = {
  readonly at?: Revision | undefined;
  readonly asOf: Date;
  readonly after?: Position;
  readonly last?: string;
};

async function startOf(
  call: Call,
  { order, fingerprint }: { order: Order; fingerprint: string },
): Promise<Start> {
  const token = call.query.get("continue");
  if (token) {
    const { revision, ...place } = readToken(token, fingerprint, order.by);
    return { at: revision, ...place };
  }
  const last = lastParam(call.query);
  if (last !== "" && order.by !== "name") throw lastWithoutNames(order);
  return { at: await readAt(call), asOf: new Date(), ...(last !== "" && { last }) };
}

/** The place behind a name, which need not exist, or be a name at all. */
function placeOf({ kind, repository }: List, last: string, under = ""): Position {
  if (kind === "repositories") return [last];
  if (kind === "namespaces") return [under, last];
  if (repository) return [repository, last];
  const mark = kind === "tags" ? last.lastIndexOf(":") : last.indexOf("@");
  // A repository alone: behind all that is in it.
  return mark < 0 ? [last, "\u007f"] : [last.slice(0, mark), last.slice(mark + 1)];
}

function lastWithoutNames(order: Order): RegistryError {
  return new RegistryError(
    "PARAMETER_INVALID",
    `last is a name, and this list is ordered by ${order.by}; send the continue of the page before instead.`,
    { detail: { parameter: "last" } },
  );
}
