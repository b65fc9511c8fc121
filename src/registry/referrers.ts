import type { Referrer } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/name.ts";
import { fallbackTag } from "../oci/reference.ts";
import type { Registry } from "./registry.ts";

/** Referrers on a page at the most. */
const PAGE_MAX = 1_000;
/** Bytes of annotations on a page at the most, unless one referrer alone has more: clients read 4 MiB of a list (R33). */
const PAGE_BYTES_MAX = 3 * 1024 * 1024;

export type ReferrersPage = { readonly referrers: readonly Referrer[]; readonly next: Digest | undefined };

export type ReferrersQuery = {
  readonly repository: RepositoryName;
  readonly subject: Digest;
  readonly artifactType: string | undefined;
  /** Where the page before ended. */
  readonly last: string;
};

/**
 * Manifests whose subject is the given digest, by digest (OCI end-12). Neither the subject nor the repository needs to
 * exist. Entries of the subject's fallback tag count as well (distribution-spec "Enabling the Referrers API").
 */
export async function listReferrers(registry: Registry, query: ReferrersQuery): Promise<ReferrersPage> {
  const { repository, subject, artifactType, last } = query;
  const page = { after: last, limit: PAGE_MAX, artifactType, bytesMax: PAGE_BYTES_MAX };
  const stored = await registry.catalog.listReferrers(repository, subject, page);
  const tagged = await taggedReferrers(registry, query);
  const byDigest = new Map([...tagged, ...stored.referrers].map((referrer) => [referrer.digest, referrer]));
  const found = [...byDigest.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  return fitted(found, stored.more ? stored.referrers.at(-1)?.digest : undefined);
}

/** Cuts a page to its limits; nothing beyond `horizon` is on it, as stored referrers from there on were not read. */
function fitted(found: readonly Referrer[], horizon: Digest | undefined): ReferrersPage {
  const referrers: Referrer[] = [];
  let bytes = 0;
  for (const referrer of found) {
    bytes += JSON.stringify(referrer.annotations).length;
    const isFull = referrers.length > 0 && (referrers.length === PAGE_MAX || bytes > PAGE_BYTES_MAX);
    if (isFull || (horizon !== undefined && referrer.digest > horizon))
      return { referrers, next: referrers.at(-1)?.digest };
    referrers.push(referrer);
  }
  return { referrers, next: horizon };
}

/** What clients without the referrers API have written down in the index at the fallback tag. */
async function taggedReferrers(registry: Registry, query: ReferrersQuery): Promise<Referrer[]> {
  const { repository, subject, artifactType, last } = query;
  const reference = { kind: "tag", tag: fallbackTag(subject) } as const;
  const manifest = await registry.catalog.findManifest(repository, reference);
  if (!manifest) return [];
  return indexEntries(manifest.bytes, manifest.mediaType).filter(
    (entry) => entry.digest > last && (artifactType === undefined || entry.artifactType === artifactType),
  );
}

function indexEntries(bytes: Uint8Array, mediaType: string): Referrer[] {
  try {
    return parseManifest(bytes, mediaType).manifests.map(
      ({ digest, mediaType: type, size, artifactType, annotations }) => ({
        digest,
        mediaType: type,
        size,
        ...(artifactType !== undefined && { artifactType }),
        annotations: annotations ?? {},
      }),
    );
  } catch (error) {
    if (error instanceof RegistryError) return [];
    throw error;
  }
}
