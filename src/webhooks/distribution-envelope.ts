import type { Event } from "../catalog/catalog.ts";

/** What CNCF distribution 2.8 calls its notifications. */
export const ENVELOPE_TYPE = "application/vnd.docker.distribution.events.v1+json";

/**
 * Events as registries of CNCF distribution send them (its "Work with notifications"): pushes and deletions of manifests and
 * tags. A push by tag is one event of theirs and up to three of ours. What we do not keep of a request is empty: the client's
 * address and what it calls itself.
 */
export function envelopeOf(events: readonly Event[], source: string): { readonly events: readonly object[] } {
  const tagged = new Set(events.filter(({ type }) => type === "tag.set").map(pushOf));
  const told = events.filter(
    (event) =>
      !event.type.startsWith("repository.") &&
      !(event.type === "manifest.pushed" && tagged.has(pushOf(event))),
  );
  return { events: told.map((event) => notificationOf(event, source)) };
}

function pushOf({ requestId, digest }: Event): string {
  return `${requestId} ${digest}`;
}

function notificationOf(event: Event, source: string): object {
  const { repository, tag, digest, manifest, actor } = event;
  const isDeleted = event.type.endsWith(".deleted");
  const { host } = new URL(source);
  return {
    id: `${event.requestId}-${event.revision}`,
    timestamp: event.time.toISOString(),
    action: isDeleted ? "delete" : "push",
    target: {
      ...(!isDeleted && manifest && { mediaType: manifest.mediaType, size: manifest.size }),
      digest,
      ...(!isDeleted && manifest && { length: manifest.size }),
      repository,
      ...(!isDeleted && { url: `${source}/v2/${repository}/manifests/${digest}` }),
      ...(tag !== undefined && { tag }),
    },
    request: { id: event.requestId, addr: "", host, method: isDeleted ? "DELETE" : "PUT", useragent: "" },
    actor: actor === "anonymous" ? {} : { name: actor },
    source: { addr: host, instanceID: source },
  };
}
