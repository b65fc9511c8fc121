import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import { readPasted } from "./pasted-reference.ts";
import type { Registry } from "./registry.ts";
import { foldedWord, SEARCH_BYTES_MAX, SEARCH_TERMS_MAX } from "./search-query.ts";

/** Hits of which the old search makes its results. */
const OLD_HITS_MAX = 1_000;

/** A repository as the first registries' search shows it. */
export type OldResult = { readonly name: RepositoryName; readonly description: string };

/**
 * Repositories that have all words of a text in their names, tags, or what their manifests say; without words, all by name.
 * `*` stands for anything, as everything else does here. `total` counts them, up to a thousand hits.
 */
export async function searchOld(
  registry: Registry,
  q: string,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<{ readonly total: number; readonly results: readonly OldResult[] }> {
  const parts = q.split(/[\s*\p{C}]+/u).flatMap((part) => {
    const { name = part, tag = "" } = readPasted(part) ?? {};
    return [name, tag];
  });
  const words = [...new Set(parts.map(foldedWord))].filter((word) => word !== "");
  if (words.length > SEARCH_TERMS_MAX || Buffer.byteLength(q) > SEARCH_BYTES_MAX) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      `q may have ${SEARCH_TERMS_MAX} words, and ${SEARCH_BYTES_MAX} bytes; it has ${words.length}.`,
      { detail: { parameter: "q" } },
    );
  }
  const names = words.length === 0 ? await allNames(registry) : await namesWith(registry, words);
  const results: OldResult[] = [];
  for (const name of names.slice(skip, skip + limit)) {
    results.push({ name, description: await describe(registry, name) });
  }
  return { total: names.length, results };
}

async function allNames(registry: Registry): Promise<readonly RepositoryName[]> {
  return registry.catalog.listRepositories({ limit: OLD_HITS_MAX });
}

async function namesWith(registry: Registry, words: readonly string[]): Promise<RepositoryName[]> {
  const { items } = await registry.catalog.search({ words, selector: {}, limit: OLD_HITS_MAX });
  const names = items.flatMap((hit) => {
    if (hit.kind !== "repository") return [hit.repository];
    return hit.manifestCount > 0 ? [hit.name] : [];
  });
  return [...new Set(names)];
}

/** What the tag that moved last says of itself. */
async function describe(registry: Registry, repository: RepositoryName): Promise<string> {
  const { items } = await registry.catalog.list("tags", {
    selector: { repository },
    order: { by: "updated", descending: true },
    limit: 1,
    include: new Set(["annotations", "labels"] as const),
  });
  const said = { ...items[0]?.labels, ...items[0]?.annotations };
  return said["org.opencontainers.image.description"] ?? said["org.opencontainers.image.title"] ?? "";
}
