import { RegistryError } from "../errors.ts";
import { TYPE_LENGTH_MAX } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { formatLink } from "../oci/link.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import { shown } from "../oci/shown.ts";
import { listReferrers } from "../registry/referrers.ts";
import { lastParam, param, repositoryOf, type Answer, type Call } from "./call.ts";

/** OCI end-12. */
export async function getReferrers(call: Call): Promise<Answer> {
  const repository = repositoryOf(call);
  const subject = parseDigest(param(call, "digest"));
  const artifactType = artifactTypeOf(call);
  const last = lastParam(call.query);
  const { referrers, next } = await listReferrers(call.registry, { repository, subject, artifactType, last });
  const manifests = referrers.map(({ mediaType, digest, size, artifactType: type, annotations }) => ({
    mediaType,
    digest,
    size,
    ...(type !== undefined && { artifactType: type }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }));
  const path = `/v2/${repository}/referrers/${subject}`;
  const filter = artifactType === undefined ? {} : { artifactType };
  return {
    status: 200,
    headers: {
      // Clients compare the whole value (R33).
      "Content-Type": MEDIA_TYPES.ociIndex,
      ...(artifactType !== undefined && { "OCI-Filters-Applied": "artifactType" }),
      ...(next && { Link: formatLink(path, { ...filter, last: next }) }),
    },
    body: JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }),
  };
}

/** The type to filter by. `PARAMETER_INVALID` for a text that is none, which databases may refuse. */
function artifactTypeOf({ query }: Call): string | undefined {
  const text = query.get("artifactType") || undefined;
  if (text === undefined || (text.length <= TYPE_LENGTH_MAX && !/\p{Cc}/u.test(text))) return text;
  throw new RegistryError(
    "PARAMETER_INVALID",
    `artifactType is ${shown(text)}; it must be a media type of at most ${TYPE_LENGTH_MAX} characters.`,
    { detail: { parameter: "artifactType" } },
  );
}
