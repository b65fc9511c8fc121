import type { Event, Revision } from "../catalog/catalog.ts";
import type { Shown } from "../registry/watch.ts";

/** Digits of a revision in an event's `sequence`, so that text order is revision order. */
const SEQUENCE_DIGITS = 16;

/** An event in the JSON form of CloudEvents 1.0. Its id is its revision: the same event sent twice is told by it. */
export function cloudEvent(event: Event, source: string, cursor: string): Record<string, unknown> {
  const sequence = String(event.revision).padStart(SEQUENCE_DIGITS, "0");
  return {
    ...envelope(event, source),
    id: sequence,
    sequence,
    cursor,
    data: { ...itemOf(event), actor: event.actor, requestId: event.requestId },
  };
}

/** What is there, or is no longer there for the reader, at a revision; not what happened. Its id is what it is about. */
export function shownEvent(event: Shown, source: string, revision: Revision): Record<string, unknown> {
  const id = `${revision} ${event.type} ${subjectOf(event)}`;
  return { ...envelope(event, source), id, snapshot: true, data: itemOf(event) };
}

/** That all up to a cursor has been told. */
export function bookmarkEvent(revision: Revision, source: string, cursor: string): Record<string, unknown> {
  const data = { revision };
  return {
    specversion: "1.0",
    type: "dev.supercargo.bookmark",
    source,
    id: `${revision} bookmark`,
    cursor,
    datacontenttype: "application/json",
    data,
  };
}

function envelope(event: Shown, source: string): Record<string, unknown> {
  return {
    specversion: "1.0",
    type: `dev.supercargo.${event.type}`,
    source,
    id: "",
    subject: subjectOf(event),
    time: event.time.toISOString(),
    datacontenttype: "application/json",
  };
}

function subjectOf({ repository, tag, digest }: Shown): string {
  if (tag !== undefined) return `${repository}:${tag}`;
  return digest === undefined ? repository : `${repository}@${digest}`;
}

function itemOf({ type, repository, tag, digest, previousDigest, manifest }: Shown): Record<string, unknown> {
  if (type === "repository.created" || type === "repository.deleted") return { name: repository };
  return {
    repository,
    ...(tag !== undefined && { name: tag }),
    digest,
    ...(previousDigest !== undefined && { previousDigest }),
    ...manifest,
  };
}
