import type { Event, Revision } from "../catalog/catalog.ts";
import { shows, type View } from "../oci/view.ts";
import { selects, type EventSelector } from "../registry/event-selector.ts";
import type { Call } from "./call.ts";

/** Events looked at for one page, beyond which it ends however few of them are meant. */
const EVENTS_LOOKED_AT_MAX = 100_000;
const EVENTS_PER_READ = 1_000;

export type Wanted = {
  readonly after: Revision;
  readonly limit: number;
  readonly selector: EventSelector;
  readonly view: View | undefined;
};

export type EventPage = {
  /** Where the log ends. */
  readonly revision: Revision;
  /** Up to where it has been looked at. */
  readonly at: Revision;
  readonly events: readonly Event[];
  /** That another meant event follows, or that looking for it ended early. */
  readonly more: boolean;
};

/**
 * A page; where it would be empty, one of what happens next, for which it waits so many seconds. Where the caller comes to
 * see other things meanwhile it ends as it was: the cursor behind it is of what they saw, and says so when they come back.
 * `TOOMANYREQUESTS`: while it waits it is a stream as others are.
 */
export async function readEvents(call: Call, wanted: Wanted, seconds: number): Promise<EventPage> {
  let page = await read(call, wanted);
  if (seconds === 0 || wanted.limit === 0 || page.events.length > 0) return page;
  const isMeant = meantBy(wanted);
  using _ = call.service.streams.take(call);
  const signal = AbortSignal.any([call.service.stopping, call.gone()]);
  const until = Date.now() + seconds * 1_000;
  while (page.events.length === 0 && Date.now() < until && !signal.aborted) {
    const { at } = await call.registry.tail.past(page.at, { isMeant, ms: until - Date.now(), signal });
    const next = await read(call, { ...wanted, after: at });
    // After the last reading: a policy that came before it counts for what it has read.
    if (call.rights.now().view("list")?.key !== wanted.view?.key) return page;
    page = next;
  }
  return page;
}

/** Looks on behind a full page for one more event: that others follow, which are hidden from the caller, is not to be told. */
async function read({ registry: { tail } }: Call, wanted: Wanted): Promise<EventPage> {
  const { limit, after } = wanted;
  const isMeant = meantBy(wanted);
  const found: Event[] = [];
  let at = after;
  for (let looked = 0; ;) {
    const { revision, events } = await tail.read(at, EVENTS_PER_READ);
    if (limit === 0) return { revision, at, events: found, more: false };
    for (const event of events) {
      const isWanted = isMeant(event);
      if (isWanted && found.length === limit) return { revision, at, events: found, more: true };
      if (isWanted) found.push(event);
      at = event.revision;
    }
    looked += events.length;
    const isCutShort = looked >= EVENTS_LOOKED_AT_MAX;
    if (events.length === 0 || isCutShort) return { revision, at, events: found, more: isCutShort };
  }
}

function meantBy({ selector, view }: Wanted): (event: Event) => boolean {
  return (event) => selects(selector, event) && (!view || shows(view, event.repository));
}
