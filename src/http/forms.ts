import type { Order, Position } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { listChildren } from "../registry/namespaces.ts";
import { fingerprintOf, formatToken, readToken } from "../registry/page-token.ts";
import { readOrder } from "../registry/selector.ts";
import { repositoryOf, type Answer, type Call, type Handler } from "./call.ts";
import { answerPage, NAMES, readPage } from "./form-page.ts";

/** What distribution-spec issue 22 calls the order by `created`. */
export const CREATED_DATE = "createdDate";

/**
 * Serves the children of a namespace, or of the registry, at a path behind its name: `repositories/list`, as
 * distribution-spec issue 22 has it. Other parameters are those of other registries, and ignored.
 */
export function childrenAt(place: string): Handler {
  return (call) => {
    const namespace = call.params["name"] === undefined ? undefined : repositoryOf(call);
    const path = namespace === undefined ? `/v2/${place}` : `/v2/${namespace}/${place}`;
    return answerChildren(call, { path, namespace });
  };
}

async function answerChildren(
  call: Call,
  { path, namespace }: { path: string; namespace: ReturnType<typeof repositoryOf> | undefined },
): Promise<Answer> {
  const { n, last, at } = await readPage(call, NAMES);
  const params = orderParams(call);
  const order = readChildrenOrder(params);
  if (last !== "" && order.by !== "name") throw lastWithoutNames(order);
  const query = fingerprintOf(path, Object.entries(params));
  const text = call.query.get("continue");
  const start = text ? readToken(text, query, order.by) : { after: last, revision: at };
  return answerPage(call, { path, at: start.revision }, async () => {
    const page = { order, n, after: start.after, at: start.revision };
    const { revision, names, next } = await listChildren(call.registry, namespace, page);
    const body = { name: namespace ?? "", repositories: names };
    if (next === undefined) return { revision, body };
    const place = typeof next === "string" ? { last: next } : { continue: tokenOf(revision, next, query) };
    return { revision, body, next: { ...place, n, at: revision, ...params } };
  });
}

/** The parameters that order the list, as sent: links repeat them. */
function orderParams({ query }: Call): Readonly<Record<string, string>> {
  const pairs = ["orderBy", "order"].map((name) => [name, query.get(name) ?? ""] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

function readChildrenOrder({ orderBy, order }: Readonly<Record<string, string>>): Order {
  return readOrder("namespaces", orderBy === CREATED_DATE ? "created" : orderBy, order);
}

/** Nothing here is reckoned from the time at which the first page was asked for. */
function tokenOf(revision: number, after: Position, query: string): string {
  return formatToken({ revision, asOf: new Date(0), after, query });
}

function lastWithoutNames(order: Order): RegistryError {
  return new RegistryError(
    "PARAMETER_INVALID",
    `last is a name, and this list is ordered by ${order.by}; follow the Link of the page before instead.`,
    { detail: { parameter: "last" } },
  );
}
