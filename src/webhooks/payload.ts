import type { Event } from "../catalog/catalog.ts";
import { cloudEvent } from "../registry/cloud-event.ts";
import { cursorBehind } from "../registry/cursor.ts";
import type { Format } from "./definition.ts";
import { ENVELOPE_TYPE, envelopeOf } from "./distribution-envelope.ts";

/** The most events of one delivery, by format. */
export const EVENTS_MAX: Readonly<Record<Format, number>> = {
  structured: 1,
  binary: 1,
  batch: 100,
  distribution: 100,
};

const CLOUD_EVENT = "application/cloudevents+json";
const CLOUD_EVENTS = "application/cloudevents-batch+json";

/** A message for a receiver. */
export type Payload = {
  /** The same for the same events, and no other: told twice, they are told apart from others by it. */
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Events as a message; `undefined` when the format has no word for any of them. */
export function payloadOf(format: Format, events: readonly Event[], source: string): Payload | undefined {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return undefined;
  const cursor = cursorBehind(last, undefined);
  const id = first === last ? cursor : `${first.revision}-${cursor}`;
  if (format === "distribution") {
    const envelope = envelopeOf(events, source);
    return envelope.events.length === 0 ? undefined : { id, ...json(ENVELOPE_TYPE, envelope) };
  }
  const told = events.map((event) => cloudEvent(event, source, cursorBehind(event, undefined)));
  if (format === "batch") return { id, ...json(CLOUD_EVENTS, told) };
  return { id, ...single(format, told[0] ?? {}) };
}

/** A message that is about nothing. */
export function probeOf(format: Format, { name, source }: { name: string; source: string }): Payload {
  const time = new Date();
  const id = `test-${time.getTime()}`;
  if (format === "distribution") return { id, ...json(ENVELOPE_TYPE, { events: [] }) };
  const event = {
    specversion: "1.0",
    type: "dev.supercargo.webhook.test",
    source,
    id,
    time: time.toISOString(),
    datacontenttype: "application/json",
    data: { webhook: name },
  };
  return { id, ...(format === "batch" ? json(CLOUD_EVENTS, [event]) : single(format, event)) };
}

function json(type: string, body: unknown): Omit<Payload, "id"> {
  return { headers: { "Content-Type": type }, body: JSON.stringify(body) };
}

/** One event, whole or with its attributes as headers (CloudEvents HTTP binding, sections 3.1 and 3.2). */
function single(format: Format, event: Readonly<Record<string, unknown>>): Omit<Payload, "id"> {
  if (format !== "binary") return json(CLOUD_EVENT, event);
  const { data, datacontenttype, ...attributes } = event;
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encoded(String(value))]);
  return {
    headers: { "Content-Type": String(datacontenttype), ...(Object.fromEntries(headers) as object) },
    body: JSON.stringify(data),
  };
}

/** Of ours only who did it may have such characters, and that is in the data; but a header has to be one, come what may. */
function encoded(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]|["%]/gu, (character) =>
    encodeURIComponent(character).replace('"', "%22"),
  );
}
