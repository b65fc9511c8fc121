import type { Event, Revision } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { formatLink } from "../oci/link.ts";
import { listEvents } from "../registry/events.ts";
import { readMoment } from "../registry/selector.ts";
import { numberParam, requireKnown, type Answer, type Call } from "./call.ts";

/** Events on a page when the client does not say, and at the most. */
export const EVENTS_DEFAULT = 100;
export const EVENTS_MAX = 1_000;
/** Digits of a revision in an event's `sequence`, so that text order is revision order. */
const SEQUENCE_DIGITS = 16;

const PATH = "/v2/_supercargo/events";

/**
 * A page of the log after a revision, or since a time, as a CloudEvents batch. Without either, from its beginning.
 * `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function getEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, ["after", "since", "n"]);
  const after = await startOf(call);
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

/** The revision behind which a page begins. */
async function startOf({ query, registry }: Call): Promise<Revision> {
  const after = numberParam(query, "after");
  const since = query.get("since");
  if (!since) return after ?? 0;
  if (after !== undefined) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      "since and after both say where the page begins; send since for the first page, and follow its Link.",
      { detail: { parameter: "since" } },
    );
  }
  const moment = readMoment(since, { parameter: "since" });
  // What happened at this very time belongs to it.
  return "revision" in moment
    ? moment.revision
    : registry.catalog.revisionAt(new Date(moment.time.getTime() - 1));
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
