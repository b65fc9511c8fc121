import type { Origin, Revision } from "../catalog/catalog.ts";
import type { RepositoryItem } from "../catalog/items.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import { unknownRepository } from "./manifests.ts";
import { readNamePage, readPresent, type Named, type NamePage } from "./name-page.ts";
import type { Registry } from "./registry.ts";

/** Names of repositories that have manifests. `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
export async function listRepositories(registry: Registry, page: NamePage): Promise<Named<RepositoryName>> {
  const { catalog } = registry;
  const present = await readPresent(catalog, page, (limit) =>
    catalog.listRepositories({ after: page.last, limit }),
  );
  if (present) return present;
  const { entries, ...rest } = await listFilled(registry, undefined, page);
  return { ...rest, entries: entries.map((repository) => repository.name) };
}

/**
 * Repositories that have manifests: all, or the one that a path names and those below it.
 * `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export function listFilled(
  { catalog }: Registry,
  under: RepositoryName | undefined,
  page: NamePage,
): Promise<Named<RepositoryItem>> {
  return readNamePage(catalog, "repositories", { selector: { under, empty: false }, page });
}

/** Resolves when the repository exists, now or at a revision, be it empty. `NAME_UNKNOWN`. */
export async function requireRepository(
  registry: Registry,
  repository: RepositoryName,
  at?: Revision,
): Promise<void> {
  if (!(await registry.catalog.hasRepository(repository, at))) throw unknownRepository(repository);
}

/** Names of a repository's tags (OCI end-8); one that does not exist has none. `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
export async function listTags(
  { catalog }: Registry,
  repository: RepositoryName,
  page: NamePage,
): Promise<Named<Tag>> {
  const present = await readPresent(catalog, page, async (limit) => {
    const tags = await catalog.listTags(repository, { after: page.last, limit });
    return tags.map((tag) => tag.name);
  });
  if (present) return present;
  const { entries, ...rest } = await readNamePage(catalog, "tags", { selector: { repository }, page });
  return { ...rest, entries: entries.map((tag) => tag.name) };
}

/** Deletes a repository with all it holds, one event each. `NAME_UNKNOWN`. */
export async function deleteRepository(
  registry: Registry,
  repository: RepositoryName,
  origin: Origin,
): Promise<void> {
  const deleted = await registry.catalog.write(repository, origin, (tx) => tx.deleteRepository());
  if (!deleted) throw unknownRepository(repository);
}
