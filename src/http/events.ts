import type { Event } from "../catalog/catalog.ts";
import { formatLink } from "../oci/link.ts";
import { listEvents } from "../registry/events.ts";
import { numberParam, requireKnown, type Answer, type Call } from "./call.ts";

/** Events on a page when the client does not say, and at the most. */
const EVENTS_DEFAULT = 100;
const EVENTS_MAX = 1_000;
/** Digits of a revision in an event's `sequence`, so that text order is revision order. */
const SEQUENCE_DIGITS = 16;

const PATH = "/v2/_supercargo/events";

/** A page of the log after a revision, as a CloudEvents batch. Without `after`, from its beginning. */
export async function getEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, ["after", "n"]);
  const after = numberParam(call.query, "after") ?? 0;
  const limit = Math.min(numberParam(call.query, "n") ?? EVENTS_DEFAULT, EVENTS_MAX);
  const { revision, events } = await listEvents(call.registry, { after, limit });
  const last = events.at(-1)?.revision;
  const more = last !== undefined && last < revision;
  const source = call.service.url();
  return {
    status: 200,
    headers: {
      "Content-Type": "application/cloudevents-batch+json",
      "Supercargo-Revision": revision,
      ...(more && { Link: formatLink(PATH, { after: last, n: limit }) }),
    },
    body: JSON.stringify(events.map((event) => cloudEvent(event, source))),
  };
}

/** An event in the JSON form of CloudEvents 1.0. Its id is its revision: the same event sent twice is told by it. */
function cloudEvent(event: Event, source: string): Record<string, unknown> {
  const sequence = String(event.revision).padStart(SEQUENCE_DIGITS, "0");
  return {
    specversion: "1.0",
    type: `dev.supercargo.${event.type}`,
    source,
    id: sequence,
    sequence,
    subject: subjectOf(event),
    time: event.time.toISOString(),
    datacontenttype: "application/json",
    data: { ...itemOf(event), actor: event.actor, requestId: event.requestId },
  };
}

function subjectOf({ repository, tag, digest }: Event): string {
  if (tag !== undefined) return `${repository}:${tag}`;
  return digest === undefined ? repository : `${repository}@${digest}`;
}

function itemOf({ type, repository, tag, digest, previousDigest, manifest }: Event): Record<string, unknown> {
  if (type === "repository.created" || type === "repository.deleted") return { name: repository };
  return {
    repository,
    ...(tag !== undefined && { name: tag }),
    digest,
    ...(previousDigest !== undefined && { previousDigest }),
    ...manifest,
  };
}
