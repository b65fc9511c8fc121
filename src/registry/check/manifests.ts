import type { Facts } from "../../catalog/catalog.ts";
import { RegistryError } from "../../errors.ts";
import { digestOf, supportedAlgorithm, type Digest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/name.ts";
import type { Checking } from "./check.ts";

type Content = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly bytes: Uint8Array;
};

/** Every tag must point to a manifest of its repository, and every manifest be in a repository that exists. */
export function checkFacts(
  { findings }: Pick<Checking, "findings">,
  { repositories, manifests, tags }: Facts,
): void {
  Object.assign(findings.checked, {
    repositories: repositories.length,
    manifests: manifests.length,
    tags: tags.length,
  });
  const names = new Set(repositories.map(({ name }) => name));
  const homeless = [...manifests, ...tags].map(({ repository }) => repository);
  for (const repository of new Set(homeless.filter((name) => !names.has(name)))) {
    const message = `There are manifests or tags in repository ${repository}, which does not exist.`;
    findings.add("repository.missing", { repository, message });
  }
  const present = new Set(manifests.map(placeOf));
  for (const { repository, name: tag, digest } of tags) {
    if (present.has(placeOf({ repository, digest }))) continue;
    const message = `Tag ${repository}:${tag} points to ${digest}, which is not in the repository.`;
    findings.add("tag.dangling", { repository, tag, digest, message });
  }
}

/**
 * Compares the bytes of every manifest with its digest and size, and looks for what current ones name. What a manifest
 * names is taken out of `unclaimed`: though it is in no repository, somebody may miss it.
 */
export async function checkContents(
  { catalog, findings }: Checking,
  { facts, unclaimed }: { facts: Facts; unclaimed: Map<Digest, unknown> },
): Promise<void> {
  const homes = Map.groupBy(facts.manifests, ({ digest }) => digest);
  const present = new Set(facts.manifests.map(placeOf));
  const lost = new Set(homes.keys());
  for await (const { bytes, ...content } of catalog.allContents()) {
    if (bytes === undefined) continue;
    findings.checked.contents++;
    lost.delete(content.digest);
    const problem = problemOf({ ...content, bytes });
    if (problem !== undefined) findings.add("manifest.damaged", { digest: content.digest, message: problem });
    const named = namedBy({ ...content, bytes });
    for (const digest of named.blobs) unclaimed.delete(digest);
    for (const { repository } of homes.get(content.digest) ?? []) {
      const missing = await missingIn(repository, { catalog, named, present });
      if (missing.length === 0) continue;
      const message = `Manifest ${content.digest} of ${repository} names what the repository does not have: ${missing.length} in all, such as ${missing[0]}.`;
      findings.add("manifest.incomplete", { repository, digest: content.digest, message });
    }
  }
  for (const digest of lost) {
    for (const { repository } of homes.get(digest) ?? []) {
      const message = `The bytes of manifest ${digest} of ${repository} are not in the catalog.`;
      findings.add("manifest.lost", { repository, digest, message });
    }
  }
}

function problemOf({ digest, size, bytes }: Content): string | undefined {
  const algorithm = supportedAlgorithm(digest);
  const actual = algorithm && digestOf(bytes, algorithm);
  if (actual !== digest)
    return `The bytes of manifest ${digest} have the digest ${actual ?? "of no known algorithm"}.`;
  if (size === bytes.byteLength) return undefined;
  return `Manifest ${digest} has ${bytes.byteLength} bytes, and the catalog says ${size}.`;
}

type Named = { readonly blobs: readonly Digest[]; readonly children: readonly Digest[] };

/** What a manifest needs of its repository. Blobs with `urls` may live elsewhere (image-spec "Descriptors"). */
function namedBy({ mediaType, bytes }: Content): Named {
  try {
    const { config, layers, manifests } = parseManifest(bytes, mediaType);
    const blobs = [...(config ? [config] : []), ...layers].filter(({ urls }) => !urls?.length);
    return { blobs: blobs.map(({ digest }) => digest), children: manifests.map(({ digest }) => digest) };
  } catch (error) {
    // What is damaged has been reported as such, and says nothing.
    if (error instanceof RegistryError) return { blobs: [], children: [] };
    throw error;
  }
}

async function missingIn(
  repository: RepositoryName,
  { catalog, named, present }: { catalog: Checking["catalog"]; named: Named; present: ReadonlySet<string> },
): Promise<Digest[]> {
  const missing = named.children.filter((digest) => !present.has(placeOf({ repository, digest })));
  for (const digest of named.blobs) {
    if (!(await catalog.findBlob(repository, digest))) missing.push(digest);
  }
  return missing;
}

function placeOf({ repository, digest }: { repository: RepositoryName; digest: Digest }): string {
  return `${repository}@${digest}`;
}
