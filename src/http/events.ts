import { formatLink } from "../oci/link.ts";
import { cloudEvent } from "../registry/cloud-event.ts";
import { cursorAt, cursorBehind } from "../registry/cursor.ts";
import {
  EVENT_PARAMETERS,
  OWN_EVENT_PARAMETERS,
  readEventSelector,
  type EventSelector,
} from "../registry/event-selector.ts";
import { requireRepository } from "../registry/repositories.ts";
import { numberParam, repositoryOf, requireKnown, type Answer, type Call } from "./call.ts";
import { readEvents } from "./event-page.ts";
import { PLACES, placeOf } from "./event-place.ts";
import { formOf, streamEvents } from "./event-stream.ts";

/** Events on a page when the client does not say, and at the most. */
export const EVENTS_DEFAULT = 100;
export const EVENTS_MAX = 1_000;
/** Longest a page waits for something to happen, in seconds: less than proxies wait for an answer. */
export const WAIT_SECONDS_MAX = 50;

const PATH = "/v2/_supercargo/events";
/** What is said of a page itself: not of what is on it. */
const PAGING = [...PLACES, "n", "wait"];

/**
 * What happened after a revision or since a time, in all repositories that the caller may list: a page of the log as a
 * CloudEvents batch; or, as `Accept` says, a stream that goes on. `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function getEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, [...PAGING, ...EVENT_PARAMETERS]);
  return answerEvents(call, { path: PATH, selector: readEventSelector(call.query) });
}

/** The same of one repository. `NAME_UNKNOWN`. */
export async function getOwnEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, [...PAGING, ...OWN_EVENT_PARAMETERS]);
  const repository = repositoryOf(call);
  await requireRepository(call.registry, repository);
  const selector = { ...readEventSelector(call.query, OWN_EVENT_PARAMETERS), repository };
  return answerEvents(call, { path: `/v2/${repository}/_supercargo/events`, selector });
}

type Asked = { readonly path: string; readonly selector: EventSelector };

async function answerEvents(call: Call, { path, selector }: Asked): Promise<Answer> {
  const view = call.rights.view("list");
  const form = formOf(call.request);
  const after = await placeOf(call, { view, form });
  if (form !== "page" || after === "present") {
    return streamEvents(call, { form: form === "page" ? "ndjson" : form, from: after, selector });
  }
  const limit = Math.min(numberParam(call.query, "n") ?? EVENTS_DEFAULT, EVENTS_MAX);
  const seconds = Math.min(numberParam(call.query, "wait") ?? 0, WAIT_SECONDS_MAX);
  const page = await readEvents(call, { after, limit, selector, view }, seconds);
  const source = call.service.url();
  const cursor = await cursorAt(call.registry.tail.catalog, page.at, view);
  const kept = Object.fromEntries([...call.query].filter(([name]) => !PAGING.includes(name)));
  const wait = call.query.get("wait");
  return {
    status: 200,
    headers: {
      "Content-Type": "application/cloudevents-batch+json",
      "Cache-Control": "no-store",
      "Supercargo-Revision": page.revision,
      "Supercargo-Cursor": cursor,
      ...(page.more && {
        Link: formatLink(path, { ...kept, after: cursor, n: limit, ...(wait && { wait }) }),
      }),
    },
    body: JSON.stringify(page.events.map((event) => cloudEvent(event, source, cursorBehind(event, view)))),
  };
}
