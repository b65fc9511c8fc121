import type { Referrer } from "../catalog/catalog.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Registry } from "./registry.ts";

/** Referrers on a page at the most. Some clients read no other page than the first, so it is a long one (R33). */
const PAGE_MAX = 5_000;
/** Bytes of annotations on a page at the most, unless one referrer alone has more. */
const ANNOTATIONS_BYTES_MAX = 3 * 1024 * 1024;
/** Bytes of a whole page at the most, its envelope left out: clients read 4 MiB of a list. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024 - 1024;

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
 * exist. The index at a fallback tag adds nothing: of its entries those count that have the subject in themselves
 * (distribution-spec "Enabling the Referrers API"), and these are found whoever pushed them.
 */
export async function listReferrers(
  { catalog }: Registry,
  { repository, subject, artifactType, last }: ReferrersQuery,
): Promise<ReferrersPage> {
  const page = { after: last, limit: PAGE_MAX, artifactType, bytesMax: ANNOTATIONS_BYTES_MAX };
  const { referrers: found, more } = await catalog.listReferrers(repository, subject, page);
  const referrers = found.slice(0, fitting(found));
  const isWhole = !more && referrers.length === found.length;
  return { referrers, next: isWhole ? undefined : referrers.at(-1)?.digest };
}

/** How many fit on one page; one does in any case. */
function fitting(referrers: readonly Referrer[]): number {
  let bytes = 0;
  const excess = referrers.findIndex((referrer) => {
    bytes += Buffer.byteLength(JSON.stringify(referrer)) + 1;
    return bytes > PAGE_BYTES_MAX;
  });
  return excess < 0 ? referrers.length : Math.max(1, excess);
}
