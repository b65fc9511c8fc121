import type { Event, Revision } from "../catalog/catalog.ts";
import { shows, type View } from "../oci/view.ts";
import { selects, type EventSelector } from "./event-selector.ts";
import { appearing, ending, type Shown } from "./present.ts";
import type { Tail } from "./tail.ts";

/** Events on their way at a time: so much a slow reader costs. */
const EVENTS_PER_PAGE = 250;

/** What a watcher is told, in turn. */
export type Notice = {
  /** What the reader may see who is told this, and has been told all before it. */
  readonly view: View | undefined;
} &
  /** What happened. */
  (
    | { readonly kind: "events"; readonly events: readonly Event[] }
    /** What is, or is no longer, there for the reader, as of a revision: the beginning, or when they come to see other things. */
    | { readonly kind: "shown"; readonly revision: Revision; readonly events: readonly Shown[] }
    /** All up to this revision has been told. */
    | { readonly kind: "bookmark"; readonly revision: Revision }
  );

export type Watching = {
  /** Where to begin: behind a revision; or with the present. */
  readonly from: Revision | "present";
  readonly selector: EventSelector;
  /** What the reader may see, each time it is asked; `undefined` is everything. */
  readonly sight: () => View | undefined;
  /** How long there may be nothing to tell before there is a bookmark, in milliseconds. */
  readonly beatMs: number;
  readonly signal: AbortSignal;
  /** How long it goes on at the most, in milliseconds; but a present that has been begun is told to its end. */
  readonly msMax?: number;
};

/**
 * All that happens, for a reader who comes for more when they can: in the order of the log, each event once, none left out.
 * What they may see follows `sight`: what is hidden from them ends as by deletions, what is opened to them appears.
 * `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function* watch(tail: Tail, watching: Watching): AsyncGenerator<Notice> {
  const { from, selector, sight, beatMs, signal, msMax } = watching;
  const ended = msMax === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(msMax)]);
  let view = sight();
  let at = from === "present" ? (await tail.catalog.bounds()).revision : from;
  if (from === "present") {
    for await (const events of appearing(tail.catalog, { view, at, selector, signal })) {
      yield { kind: "shown", revision: at, events, view };
    }
    if (signal.aborted) return;
    yield { kind: "bookmark", revision: at, view };
  }
  let quietSince = performance.now();
  while (!ended.aborted) {
    const now = sight();
    if (now?.key !== view?.key) {
      yield* changing(tail, { before: view, after: now, at, selector, signal });
      if (signal.aborted) return;
      view = now;
      yield { kind: "bookmark", revision: at, view };
    }
    const isShown = shownBy(view);
    const isMeant = (event: Event): boolean => selects(selector, event) && isShown(event.repository);
    const { events } = await tail.read(at, EVENTS_PER_PAGE);
    const last = events.at(-1);
    if (last) {
      const meant = events.filter(isMeant);
      at = last.revision;
      const isQuiet = meant.length === 0;
      if (isQuiet && performance.now() - quietSince < beatMs) continue;
      yield isQuiet ? { kind: "bookmark", revision: at, view } : { kind: "events", events: meant, view };
    } else {
      const waited = await tail.past(at, { isMeant, ms: beatMs, signal: ended });
      ({ at } = waited);
      if (waited.isOver) yield { kind: "bookmark", revision: at, view };
    }
    quietSince = performance.now();
  }
}

type Change = {
  readonly before: View | undefined;
  readonly after: View | undefined;
  readonly at: Revision;
  readonly selector: EventSelector;
  readonly signal: AbortSignal;
};

/** What is there at a revision and is hidden by now, and what is there and was hidden before. */
async function* changing(tail: Tail, { before, after, ...part }: Change): AsyncGenerator<Notice> {
  const { at } = part;
  for await (const events of ending(tail.catalog, { ...part, view: before, unless: shownBy(after) })) {
    yield { kind: "shown", revision: at, events, view: before };
  }
  for await (const events of appearing(tail.catalog, { ...part, view: after, unless: shownBy(before) })) {
    yield { kind: "shown", revision: at, events, view: after };
  }
}

function shownBy(view: View | undefined): (repository: string) => boolean {
  return (repository) => !view || shows(view, repository);
}
