import { formatLink } from "../oci/link.ts";
import { fingerprintOf, formatToken, readToken } from "../registry/page-token.ts";
import { search, searchOld } from "../registry/search.ts";
import { json, numberParam, requireKnown, type Answer, type Call } from "./call.ts";
import { isFresh, notModified } from "./conditions.ts";
import { VALID_MS } from "./lists.ts";

const PATH = "/v2/_supercargo/search";

/** Hits on a page when the client does not say, and at the most. */
export const HITS_DEFAULT = 25;
export const HITS_MAX = 100;

/** Places have two numbers, as in a list by size. */
const PLACES = "size";

/** Search over everything: a page of hits, best first. */
export async function getSearch(call: Call): Promise<Answer> {
  requireKnown(call.query, ["q", "n", "continue"]);
  const { revision: newest } = await call.registry.catalog.bounds();
  const etag = `W/"${newest}-${Math.floor(Date.now() / VALID_MS).toString(36)}"`;
  if (isFresh(call.request, etag)) return notModified({ ETag: etag });
  const key = JSON.stringify([etag, PATH, ...call.query]);
  const kept = call.service.pages.find(key);
  if (kept) return kept;
  const answer = await answerSearch(call, etag);
  call.service.pages.keep(key, answer, answer.body.byteLength);
  return answer;
}

async function answerSearch({ registry, query }: Call, etag: string): Promise<Answer & { body: Buffer }> {
  const q = query.get("q") ?? "";
  const limit = Math.min(numberParam(query, "n") ?? HITS_DEFAULT, HITS_MAX);
  const fingerprint = fingerprintOf(PATH, [["q", q]]);
  const given = query.get("continue");
  const start = given ? readToken(given, fingerprint, PLACES) : undefined;
  const { asOf } = start ?? { asOf: new Date() };
  const page = { limit, at: start?.revision, asOf, after: start?.after };
  const { revision, items, next } = await search(registry, q, page);
  const token = next && formatToken({ revision, asOf, after: next, query: fingerprint });
  const body = { revision, items, ...(token !== undefined && { continue: token }) };
  return {
    status: 200,
    headers: {
      "Content-Type": "application/json",
      "Supercargo-Revision": revision,
      ETag: etag,
      ...(token !== undefined && { Link: formatLink(PATH, { q, n: limit, continue: token }) }),
    },
    body: Buffer.from(JSON.stringify(body)),
  };
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
