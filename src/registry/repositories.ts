import type { Origin } from "../catalog/catalog.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import { unknownRepository } from "./manifests.ts";
import type { Registry } from "./registry.ts";

/** At most `n` entries that come after `last` in bytewise order. `last` need not exist. */
export type NamePage = { readonly n: number; readonly last: string };

/** A page of names, and whether more follow. */
export type Names<Name extends string> = { readonly names: readonly Name[]; readonly more: boolean };

/** Repositories that have manifests, by name. */
export async function listRepositories(
  registry: Registry,
  { n, last }: NamePage,
): Promise<Names<RepositoryName>> {
  const found = await registry.catalog.listRepositories({ after: last, limit: n + 1 });
  return { names: found.slice(0, n), more: n > 0 && found.length > n };
}

/** Resolves when the repository exists, be it empty. `NAME_UNKNOWN`. */
export async function requireRepository(registry: Registry, repository: RepositoryName): Promise<void> {
  if (!(await registry.catalog.hasRepository(repository))) throw unknownRepository(repository);
}

/** Tags of a repository, by name (OCI end-8); one that does not exist has none. */
export async function listTags(
  registry: Registry,
  repository: RepositoryName,
  { n, last }: NamePage,
): Promise<Names<Tag>> {
  const found = await registry.catalog.listTags(repository, { after: last, limit: n + 1 });
  return { names: found.slice(0, n).map((tag) => tag.name), more: n > 0 && found.length > n };
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
