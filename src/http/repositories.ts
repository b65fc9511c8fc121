import { formatLink } from "../oci/link.ts";
import * as repositories from "../registry/repositories.ts";
import type { NamePage, Names } from "../registry/repositories.ts";
import { json, lastParam, numberParam, repositoryOf, type Answer, type Call } from "./call.ts";
import { isFresh, notModified } from "./conditions.ts";

/** Names on a page when the client does not say, and at the most (R20, R21: clients ask for up to 100,000). */
const NAMES_DEFAULT = 1_000;
const NAMES_MAX = 10_000;

/** The old list of all repositories, right: complete, in bytewise order, and cheap on every page (R17 to R24). */
export function getCatalog(call: Call): Promise<Answer> {
  return namesAnswer(call, "/v2/_catalog", async (page) => {
    const found = await repositories.listRepositories(call.registry, page);
    return { ...found, body: { repositories: found.names } };
  });
}

/** OCI end-8. */
export async function getTags(call: Call): Promise<Answer> {
  const repository = repositoryOf(call);
  await repositories.requireRepository(call.registry, repository);
  return namesAnswer(call, `/v2/${repository}/tags/list`, async (page) => {
    const found = await repositories.listTags(call.registry, repository, page);
    return { ...found, body: { name: repository, tags: found.names } };
  });
}

/** Deletes a whole repository. */
export async function deleteRepository(call: Call): Promise<Answer> {
  await repositories.deleteRepository(call.registry, repositoryOf(call), call.origin);
  return { status: 202 };
}

/**
 * A page of names, with one link to the next. The validator is the revision: nothing can have changed while that
 * stays, so a client that asks again and again costs one look at the clock.
 */
async function namesAnswer(
  call: Call,
  path: string,
  list: (page: NamePage) => Promise<Names<string> & { readonly body: unknown }>,
): Promise<Answer> {
  const page = pageOf(call);
  const { revision } = await call.registry.catalog.bounds();
  const headers = { ETag: `W/"${revision}"` };
  if (isFresh(call.request, headers.ETag)) return notModified(headers);
  const { names, more, body } = await list(page);
  const last = names.at(-1);
  const link = more && last !== undefined ? { Link: formatLink(path, { last, n: page.n }) } : {};
  return json(body, { ...headers, ...link });
}

function pageOf({ query }: Call): NamePage {
  const n = numberParam(query, "n", "PAGINATION_NUMBER_INVALID") ?? NAMES_DEFAULT;
  return { n: Math.min(n, NAMES_MAX), last: lastParam(query) };
}
