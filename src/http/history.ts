import { parseTag } from "../oci/tag.ts";
import { formatLink } from "../oci/link.ts";
import { json, numberParam, param, repositoryOf, requireKnown, type Answer, type Call } from "./call.ts";
import { ITEMS_DEFAULT, ITEMS_MAX } from "./lists.ts";

/**
 * What a tag has pointed to, newest first, deletions included: also of a tag, or a repository, that is gone. Of one that
 * never was, an empty list. `continue` is the revision before which the page begins.
 */
export async function getTagHistory(call: Call): Promise<Answer> {
  requireKnown(call.query, ["n", "continue"]);
  const repository = repositoryOf(call);
  const tag = parseTag(param(call, "tag"));
  const limit = Math.min(numberParam(call.query, "n") ?? ITEMS_DEFAULT, ITEMS_MAX);
  const before = numberParam(call.query, "continue");
  const { revision } = await call.registry.catalog.bounds();
  const found = await call.registry.catalog.tagHistory(repository, tag, { before, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1)?.revision : undefined;
  const path = `/v2/${repository}/_supercargo/tags/${tag}/history`;
  return json(
    { revision, items, ...(last !== undefined && { continue: String(last) }) },
    {
      "Supercargo-Revision": revision,
      ...(last !== undefined && { Link: formatLink(path, { n: limit, continue: last }) }),
    },
  );
}
