import type { TagItem } from "../catalog/items.ts";
import type { RepositoryName } from "../oci/name.ts";
import { readNamePage, type Named, type NamePage } from "./name-page.ts";
import type { Registry } from "./registry.ts";

/** What a tag points to, with the tag's name; or without one a manifest that no tag points to. */
export type Described = Pick<TagItem, "digest" | "mediaType" | "size" | "artifactType"> & {
  readonly name?: TagItem["name"];
};

/**
 * What can be pulled from a repository: first its tags in bytewise order, then the manifests without a tag by digest. The
 * name that a page begins behind is a tag or a digest, which need not exist; only digests have a colon. A repository that
 * does not exist has nothing. `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function listDescriptors(
  registry: Registry,
  repository: RepositoryName,
  page: NamePage,
): Promise<Named<Described>> {
  if (page.last.includes(":")) return listUntagged(registry, repository, page);
  const tags = await readNamePage(registry.catalog, "tags", { selector: { repository }, page });
  if (tags.next !== undefined || page.n === 0) return tags;
  const { revision, entries } = tags;
  const left = page.n - entries.length;
  // A page that the tags fill is the last one only if no manifest follows.
  const n = Math.max(left, 1);
  const untagged = await listUntagged(registry, repository, { n, last: "", at: revision });
  if (left > 0) return { ...untagged, entries: [...entries, ...untagged.entries] };
  const isLast = untagged.entries.length === 0 && untagged.next === undefined;
  return { revision, entries, ...(!isLast && { next: entries.at(-1)?.name }) };
}

async function listUntagged(
  { catalog }: Registry,
  repository: RepositoryName,
  page: NamePage,
): Promise<Named<Described>> {
  return readNamePage(catalog, "manifests", { selector: { repository, tagged: false }, page });
}
