import type { RepositoryItem, TagChange } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { parseDigest } from "../oci/digest.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import { shown } from "../oci/shown.ts";
import { parseTag } from "../oci/tag.ts";
import { readTime } from "../oci/time.ts";
import { listFilled } from "../registry/repositories.ts";
import { listHistory } from "../registry/tag-history.ts";
import { numberParam, param, repositoryOf, type Answer, type Call } from "./call.ts";
import { answerPage, ENTRIES, namedPage, readLength, readPage } from "./form-page.ts";

/** What describes an entry of a tag's history; fixed by the draft. */
const TAG_TIMESTAMP = "org.opencontainers.distribution.tag.timestamp";
const TAG_EVENT = "org.opencontainers.distribution.tag.event";
const EVENT_NAMES: Readonly<Record<TagChange["event"], string>> = { set: "created", deleted: "deleted" };

/** Only a whole time: a date or an age would be read differently by other registries. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT/i;

/** Repositories of the registry, or the one that the path names and all below it (distribution-spec PR 611). */
export async function getRepositories(call: Call): Promise<Answer> {
  const under = call.params["name"] === undefined ? undefined : repositoryOf(call);
  const path = under === undefined ? "/v2/_oci/repositories" : `/v2/${under}/_oci/repositories`;
  const page = await readPage(call, ENTRIES);
  return answerPage(call, { path, at: page.at }, async () =>
    namedPage(page, await listFilled(call.registry, under, page), (found) => found.map(entryOf)),
  );
}

function entryOf({ name, created, updated, tagCount, manifestCount }: RepositoryItem): object {
  return { name, created, updated, tagCount, manifestCount };
}

/**
 * What a tag pointed to, newest first, as an image index (distribution-spec PR 606). A tag or repository that never was has
 * an empty one: there 404 would mean that a registry has no such list at all.
 */
export async function getTagHistoryIndex(call: Call): Promise<Answer> {
  const [repository, tag] = [repositoryOf(call), parseTag(param(call, "tag"))];
  const n = readLength(call, ENTRIES);
  const { before, since, digest } = Object.fromEntries(
    ["before", "since", "digest"].map((name) => [name, call.query.get(name) || undefined]),
  );
  const meant = {
    before: timeOf("before", before),
    since: timeOf("since", since),
    digest: digest === undefined ? undefined : parseDigest(digest),
  };
  const behind = numberParam(call.query, "continue");
  const path = `/v2/${repository}/_oci/tag-history/${tag}`;
  const place = { path, isIndex: true, isAlwaysThere: call.rights.isGuarded };
  return answerPage(call, place, async (revision) => {
    const found = await listHistory(call.registry, { repository, tag }, { n, behind, ...meant });
    const manifests = found.changes.map(descriptorOf);
    const body = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
    if (found.next === undefined) return { revision, body };
    const repeated = Object.entries({ before, since, digest }).map(([name, text]) => [name, text ?? ""]);
    return { revision, body, next: { continue: found.next, n, ...Object.fromEntries(repeated) } };
  });
}

function descriptorOf({ digest, mediaType, size, artifactType, time, event }: TagChange): object {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    annotations: { [TAG_TIMESTAMP]: time.toISOString(), [TAG_EVENT]: EVENT_NAMES[event] },
  };
}

/** `PARAMETER_INVALID`. */
function timeOf(parameter: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = TIMESTAMP.test(text) ? readTime(text, new Date(0)) : undefined;
  if (time !== undefined) return time;
  throw new RegistryError(
    "PARAMETER_INVALID",
    `${parameter} is ${shown(text)}; it must be a time such as 2026-08-01T12:00:00Z (RFC 3339).`,
    { detail: { parameter } },
  );
}
