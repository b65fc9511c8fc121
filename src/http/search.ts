import { formatLink } from "../oci/link.ts";
import { fingerprintOf, formatToken, readToken } from "../registry/page-token.ts";
import { searchOld } from "../registry/search.ts";
import { readQuery } from "../registry/search-query.ts";
import { readSelector } from "../registry/selector.ts";
import { json, numberParam, type Answer, type Call } from "./call.ts";
import { answerItems, type ItemPage } from "./item-page.ts";

const PATH = "/v2/_supercargo/search";

/** Hits on a page when the client does not say, and at the most. */
export const HITS_DEFAULT = 25;
export const HITS_MAX = 100;

/** Places have two numbers, as in a list by size. */
const PLACES = "size";

/** Parameters that are no part of the selector. */
const OWN_PARAMETERS = ["q", "n", "continue"];

/** Search over everything: a page of hits, best first. */
export async function getSearch(call: Call): Promise<Answer> {
  return answerItems(call, PATH, async () => {
    const { query, registry } = call;
    const q = query.get("q") ?? "";
    const limit = Math.min(numberParam(query, "n") ?? HITS_DEFAULT, HITS_MAX);
    const params = [...query].filter(([, value]) => value !== "");
    const fingerprint = fingerprintOf(PATH, params);
    const given = query.get("continue");
    const start = given ? readToken(given, fingerprint, PLACES) : undefined;
    const { asOf, revision: at, after } = start ?? { asOf: new Date() };
    const meant = readQuery(q, asOf, readSelector(params, "search", { besides: OWN_PARAMETERS, now: asOf }));
    const repeated = params.filter(([name]) => name !== "n" && name !== "continue");
    const read = async (): Promise<ItemPage> => {
      const { revision, items, next } = await registry.catalog.search({ ...meant, limit, at, after });
      const token = next && formatToken({ revision, asOf, after: next, query: fingerprint });
      const link = token && formatLink(PATH, [...repeated, ["n", String(limit)], ["continue", token]]);
      return {
        body: { revision, items, ...(token !== undefined && { continue: token }) },
        headers: { "Supercargo-Revision": revision, ...(link && { Link: link }) },
      };
    };
    return { at, read };
  });
}

/** The search of the first registries, which `docker search` and `podman search` ask for before all else (B4). */
export async function getOldSearch({ registry, query }: Call): Promise<Answer> {
  const q = query.get("q") ?? "";
  const limit = Math.min(Math.max(numberParam(query, "n") ?? HITS_DEFAULT, 1), HITS_MAX);
  const page = Math.max(numberParam(query, "page") ?? 1, 1);
  const { total, results } = await searchOld(registry, q, { skip: (page - 1) * limit, limit });
  return json({
    query: q,
    num_results: total,
    num_pages: Math.ceil(total / limit),
    page,
    page_size: limit,
    results: results.map(({ name, description }) => ({
      name,
      description,
      star_count: 0,
      is_official: false,
      is_automated: false,
    })),
  });
}

/** What `docker search` asks before it searches: whether a registry of the first kind answers here. */
export async function pingOld(_call: Call): Promise<Answer> {
  return json(true);
}
