import { parseDigest } from "../oci/digest.ts";
import { formatLink } from "../oci/link.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import { listReferrers } from "../registry/referrers.ts";
import { param, repositoryOf, type Answer, type Call } from "./call.ts";

/** OCI end-12. */
export async function getReferrers(call: Call): Promise<Answer> {
  const repository = repositoryOf(call);
  const subject = parseDigest(param(call, "digest"));
  const artifactType = call.query.get("artifactType") || undefined;
  const last = call.query.get("last") ?? "";
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
