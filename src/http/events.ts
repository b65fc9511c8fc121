import type { Event, Revision } from "../catalog/catalog.ts";
import type { View } from "../oci/view.ts";
import { shows } from "../oci/view.ts";
import { RegistryError } from "../errors.ts";
import { formatLink } from "../oci/link.ts";
import { cursorAt, cursorBehind, parseCursor, resume } from "../registry/cursor.ts";
import {
  EVENT_PARAMETERS,
  OWN_EVENT_PARAMETERS,
  readEventSelector,
  selects,
  type EventSelector,
} from "../registry/event-selector.ts";
import { requireRepository } from "../registry/repositories.ts";
import { readMoment } from "../registry/selector.ts";
import { numberParam, repositoryOf, requireKnown, type Answer, type Call } from "./call.ts";
import { cloudEvent } from "../registry/cloud-event.ts";
import { formOf, streamEvents } from "./event-stream.ts";

/** Events on a page when the client does not say, and at the most. */
export const EVENTS_DEFAULT = 100;
export const EVENTS_MAX = 1_000;
/** Longest a page waits for something to happen, in seconds: less than proxies wait for an answer. */
export const WAIT_SECONDS_MAX = 50;
/** Events looked at for one page, beyond which it ends however few of them are meant. */
const EVENTS_LOOKED_AT_MAX = 100_000;
const EVENTS_PER_READ = 1_000;

const PATH = "/v2/_supercargo/events";
const PLACES = ["after", "since", "n", "wait", "snapshot"];

/**
 * What happened after a revision or since a time, in all repositories that the caller may list: a page of the log as a
 * CloudEvents batch; or, as `Accept` says, a stream that goes on. `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function getEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, [...PLACES, ...EVENT_PARAMETERS]);
  return answerEvents(call, { path: PATH, selector: readEventSelector(call.query) });
}

/** The same of one repository. `NAME_UNKNOWN`. */
export async function getOwnEvents(call: Call): Promise<Answer> {
  requireKnown(call.query, [...PLACES, ...OWN_EVENT_PARAMETERS]);
  const repository = repositoryOf(call);
  await requireRepository(call.registry, repository);
  const selector = { ...readEventSelector(call.query, OWN_EVENT_PARAMETERS), repository };
  return answerEvents(call, { path: `/v2/${repository}/_supercargo/events`, selector });
}

type Asked = { readonly path: string; readonly selector: EventSelector };

async function answerEvents(call: Call, { path, selector }: Asked): Promise<Answer> {
  const view = call.rights.view("list");
  const form = formOf(call.request);
  const isSnapshot = call.query.get("snapshot") === "true";
  if (form === "page" && isSnapshot) throw snapshotOfPage();
  const after = isSnapshot ? "present" : await startOf(call, view);
  if (form !== "page" || after === "present") {
    return streamEvents(call, { form: form === "page" ? "ndjson" : form, from: after, selector });
  }
  const limit = Math.min(numberParam(call.query, "n") ?? EVENTS_DEFAULT, EVENTS_MAX);
  const page = await readWaiting(call, { after, limit, selector, view });
  const source = call.service.url();
  const { catalog } = call.registry.tail;
  const kept = Object.fromEntries([...call.query].filter(([name]) => !PLACES.includes(name)));
  const wait = call.query.get("wait");
  return {
    status: 200,
    headers: {
      "Content-Type": "application/cloudevents-batch+json",
      "Cache-Control": "no-store",
      "Supercargo-Revision": page.revision,
      "Supercargo-Cursor": await cursorAt(catalog, page.at, view),
      ...(page.more && {
        Link: formatLink(path, {
          ...kept,
          after: await cursorAt(catalog, page.at, view),
          n: limit,
          ...(wait && { wait }),
        }),
      }),
    },
    body: JSON.stringify(page.events.map((event) => cloudEvent(event, source, cursorBehind(event, view)))),
  };
}

function snapshotOfPage(): RegistryError {
  return new RegistryError(
    "PARAMETER_INVALID",
    "snapshot=true is for streams: send Accept: text/event-stream, or application/x-ndjson.",
    { detail: { parameter: "snapshot" } },
  );
}

type Wanted = {
  readonly after: Revision;
  readonly limit: number;
  readonly selector: EventSelector;
  readonly view: View | undefined;
};
type Page = {
  /** Where the log ends. */
  readonly revision: Revision;
  /** Up to where it has been looked at. */
  readonly at: Revision;
  readonly events: readonly Event[];
  /** That another meant event follows, or that looking for it ended early. */
  readonly more: boolean;
};

/** A page; where it would be empty and `wait` says so, one of what happens next. */
async function readWaiting(call: Call, wanted: Wanted): Promise<Page> {
  const { tail } = call.registry;
  const seconds = Math.min(numberParam(call.query, "wait") ?? 0, WAIT_SECONDS_MAX);
  let page = await read(call, wanted);
  if (seconds === 0 || wanted.limit === 0 || page.events.length > 0) return page;
  const { selector, view } = wanted;
  const isMeant = (event: Event): boolean =>
    selects(selector, event) && (!view || shows(view, event.repository));
  const signal = AbortSignal.any([call.service.stopping, call.gone]);
  const until = Date.now() + seconds * 1_000;
  while (page.events.length === 0 && Date.now() < until && !signal.aborted) {
    const { at } = await tail.past(page.at, { isMeant, ms: until - Date.now(), signal });
    page = await read(call, { ...wanted, after: at });
  }
  return page;
}

/** Looks on behind a full page for one more event: that others follow, which are hidden from the caller, is not to be told. */
async function read({ registry: { tail } }: Call, { after, limit, selector, view }: Wanted): Promise<Page> {
  const found: Event[] = [];
  let at = after;
  for (let looked = 0; ;) {
    const { revision, events } = await tail.read(at, EVENTS_PER_READ);
    if (limit === 0) return { revision, at, events: found, more: false };
    for (const event of events) {
      const isMeant = selects(selector, event) && (!view || shows(view, event.repository));
      if (isMeant && found.length === limit) return { revision, at, events: found, more: true };
      if (isMeant) found.push(event);
      at = event.revision;
    }
    looked += events.length;
    const isCutShort = looked >= EVENTS_LOOKED_AT_MAX;
    if (events.length === 0 || isCutShort) return { revision, at, events: found, more: isCutShort };
  }
}

/** The revision behind which events begin: `after`, the last one that a stream was told, or that of a time. */
async function startOf({ query, registry, request }: Call, view: View | undefined): Promise<Revision> {
  const { catalog } = registry.tail;
  const last = request.headers["last-event-id"];
  const after = typeof last === "string" && last !== "" ? last : query.get("after");
  const since = query.get("since");
  if (!since) return after ? resume(catalog, parseCursor(after, "after"), view) : 0;
  if (after && !last) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      "since and after both say where the page begins; send since for the first page, and follow its Link.",
      { detail: { parameter: "since" } },
    );
  }
  if (after) return resume(catalog, parseCursor(after, "after"), view);
  const moment = readMoment(since, { parameter: "since" });
  // What happened at this very time belongs to it.
  return "revision" in moment ? moment.revision : catalog.revisionAt(new Date(moment.time.getTime() - 1));
}
