import type { Event, Revision } from "../catalog/catalog.ts";
import type { Shown } from "./present.ts";

/** Digits of a revision in an event's `sequence`, so that text order is revision order. */
const SEQUENCE_DIGITS = 16;

/**
 * An event in the JSON form of CloudEvents 1.0. Its id is its revision: the same event sent twice is told by it. Made in one
 * piece, as a log of millions is read.
 */
export function cloudEvent(event: Event, source: string, cursor: string): Record<string, unknown> {
  const sequence = String(event.revision).padStart(SEQUENCE_DIGITS, "0");
  const data = itemOf(event);
  data["actor"] = event.actor;
  data["requestId"] = event.requestId;
  return {
    specversion: "1.0",
    type: `dev.supercargo.${event.type}`,
    source,
    id: sequence,
    sequence,
    cursor,
    subject: subjectOf(event),
    time: event.time.toISOString(),
    datacontenttype: "application/json",
    data,
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

function itemOf(event: Shown): Record<string, unknown> {
  const { type, repository, tag, digest, previousDigest, manifest } = event;
  if (type === "repository.created" || type === "repository.deleted") return { name: repository };
  const item: Record<string, unknown> = { repository };
  if (tag !== undefined) item["name"] = tag;
  item["digest"] = digest;
  if (previousDigest !== undefined) item["previousDigest"] = previousDigest;
  return manifest ? Object.assign(item, manifest) : item;
}
