import { RegistryError } from "../errors.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import { parseTag, type Tag } from "../oci/tag.ts";
import * as manifests from "../registry/manifests.ts";
import { readBody } from "./body.ts";
import { param, repositoryOf, type Answer, type Call } from "./call.ts";
import { etagOf, isFresh, notModified } from "./conditions.ts";

/** Tags that one push by digest may set. distribution-spec asks for 10 at least. */
const TAGS_MAX = 100;

/** OCI end-3. */
export async function getManifest(call: Call): Promise<Answer> {
  const repository = repositoryOf(call);
  const reference = parseReference(param(call, "reference"));
  const { digest, mediaType, bytes } = await manifests.getManifest(call.registry, { repository, reference });
  const headers = { "Docker-Content-Digest": digest, ETag: etagOf(digest) };
  if (isFresh(call.request, headers.ETag)) return notModified(headers);
  if (call.request.method === "GET") call.registry.pulls.note(repository, digest);
  return { status: 200, headers: { ...headers, "Content-Type": mediaType }, body: bytes };
}

/** OCI end-7a and end-7b. */
export async function putManifest(call: Call): Promise<Answer> {
  const repository = repositoryOf(call);
  const reference = parseReference(param(call, "reference"));
  const tags = tagsOf(call, reference);
  const bytes = await readBody(call.request, call.registry.options.manifestBytesMax);
  const contentType = call.request.headers["content-type"];
  const push = { repository, reference, tags, bytes, contentType };
  const { digest, subject } = await manifests.putManifest(call.registry, push, call.origin);
  return {
    status: 201,
    headers: {
      Location: `/v2/${repository}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      ...(subject && { "OCI-Subject": subject }),
      ...(tags.length > 0 && { "OCI-Tag": tags.join(", ") }),
    },
  };
}

/** OCI end-9. */
export async function deleteManifest(call: Call): Promise<Answer> {
  const reference = parseReference(param(call, "reference"));
  await manifests.deleteManifest(call.registry, { repository: repositoryOf(call), reference }, call.origin);
  return { status: 202 };
}

/** Tags named in the query of a push by digest; a push by tag has its tag in the path. */
function tagsOf({ query }: Call, reference: Reference): Tag[] {
  if (reference.kind === "tag") return [];
  const tags = [...new Set(query.getAll("tag"))];
  if (tags.length > TAGS_MAX) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      `${tags.length} tags are named; one push may set ${TAGS_MAX}.`,
    );
  }
  return tags.map(parseTag);
}
