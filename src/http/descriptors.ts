import { MEDIA_TYPES } from "../oci/media-type.ts";
import { parseTag } from "../oci/tag.ts";
import { listDescriptors, type Described } from "../registry/descriptors.ts";
import { requireRepository } from "../registry/repositories.ts";
import { repositoryOf, type Answer, type Call, type Handler } from "./call.ts";
import { answerPage, ENTRIES, namedPage, readPage } from "./form-page.ts";
import { getManifest } from "./manifests.ts";

/** The name of this list among the manifests, which is a legal tag as well. */
const LIST_TAG = parseTag("_list");

/** Serves what can be pulled from a repository at a path behind its name, as an image index (distribution-spec issue 22). */
export function descriptorsAt(place: string): Handler {
  return async (call) => {
    const repository = repositoryOf(call);
    const page = await readPage(call, ENTRIES);
    const { at } = page;
    const requireThere = (): Promise<void> => requireRepository(call.registry, repository, at);
    const path = `/v2/${repository}/${place}`;
    return answerPage(call, { path, at, requireThere, isIndex: true }, async () => {
      const found = await listDescriptors(call.registry, repository, page);
      return namedPage(page, found, (entries) => indexOf(entries));
    });
  };
}

const listManifests = descriptorsAt(`manifests/${LIST_TAG}`);

/** The same list in the place of a tag. A tag of that name is the standard's, and comes first (OCI end-3). */
export async function getManifestsList(call: Call): Promise<Answer> {
  const reference = { kind: "tag", tag: LIST_TAG } as const;
  const repository = repositoryOf(call);
  const mayPull = call.rights.may("pull", repository);
  const tagged = mayPull && (await call.registry.catalog.findManifest(repository, reference));
  if (!tagged) return listManifests(call);
  return getManifest({ ...call, params: { ...call.params, reference: LIST_TAG } });
}

function indexOf(entries: readonly Described[]): object {
  const manifests = entries.map(({ mediaType, digest, size, artifactType, name }) => ({
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(name !== undefined && { annotations: { "org.opencontainers.image.ref.name": name } }),
  }));
  return { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
}
