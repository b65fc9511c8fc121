import { RegistryError } from "../errors.ts";
import { classOfManifest } from "../oci/artifact-class.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/name.ts";
import { fallbackTag } from "../oci/reference.ts";
import { pullScope, type Connection } from "./connection.ts";
import type { Detail } from "./detail.ts";
import type { Answer } from "./exchange.ts";
import { failureOf } from "./failure.ts";
import { nextTarget } from "./pages.ts";
import type { Item } from "./registry.ts";
import type { LocalSelector } from "./selector.ts";

export type ReferrersQuery = {
  readonly repository: RepositoryName;
  readonly subject: Digest;
  /** Only what it matches, as far as descriptors tell. */
  readonly selector: LocalSelector;
};

/**
 * What refers to a manifest (distribution-spec end-12), or where a registry does not know that, what clients have noted
 * under the tag that stands in for it.
 */
export async function* listReferrers(
  connection: Connection,
  { repository, subject, selector }: ReferrersQuery,
): AsyncGenerator<readonly Item[]> {
  const scope = pullScope(repository);
  const request = { scope, headers: { Accept: MEDIA_TYPES.ociIndex } };
  let answer = await connection.ask(`/v2/${repository}/referrers/${subject}`, request);
  if (answer.status === 404) {
    answer = await connection.ask(`/v2/${repository}/manifests/${fallbackTag(subject)}`, request);
    if (answer.status === 404) return;
  }
  const seen = new Set<string>();
  for (;;) {
    const items = descriptorsOf(answer).map((descriptor) => itemOf(descriptor, { repository, subject }));
    yield items.filter((item) => selector.matchesDetail(item));
    const next = nextTarget(answer);
    if (next === undefined || seen.has(next)) return;
    seen.add(next);
    answer = await connection.ask(next, request);
  }
}

function itemOf(
  { digest, mediaType, size, artifactType, annotations = {} }: Descriptor,
  where: { repository: RepositoryName; subject: Digest },
): Item & Detail {
  const type = artifactType === undefined ? {} : { artifactType };
  const kind = classOfManifest({ mediaType, artifactType, layerMediaTypes: [] });
  return { ...where, digest, mediaType, size, ...type, class: kind, annotations };
}

function descriptorsOf(answer: Answer): readonly Descriptor[] {
  if (answer.status !== 200) throw failureOf(answer);
  const { manifests, kind } = parseManifest(answer.bytes, undefined);
  if (kind === "index") return manifests;
  throw new RegistryError("UNSUPPORTED", `${answer.url.host} answered ${answer.url.pathname} with no index.`);
}
