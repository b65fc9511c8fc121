import type { Event, Revision } from "../catalog/catalog.ts";
import type { Items, ListKind, ListQuery } from "../catalog/items.ts";
import { shows, type View } from "../oci/view.ts";
import { selects, type EventSelector } from "./event-selector.ts";
import type { Tail } from "./tail.ts";

/** Events on their way at a time: so much a slow reader costs. */
const EVENTS_PER_PAGE = 250;
const ITEMS_PER_PAGE = 1_000;

/** What a reader is told of the present, which did not happen now: without who did it. */
export type Shown = Omit<Event, "revision" | "actor" | "requestId">;

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
};

/**
 * All that happens, for a reader who comes for more when they can: in the order of the log, each event once, none left out.
 * What they may see follows `sight`: what is hidden from them ends as by deletions, what is opened to them appears.
 * `REVISION_EXPIRED`, `REVISION_UNKNOWN`.
 */
export async function* watch(tail: Tail, watching: Watching): AsyncGenerator<Notice> {
  const { from, selector, sight, beatMs, signal } = watching;
  let view = sight();
  let at = from === "present" ? (await tail.catalog.bounds()).revision : from;
  if (from === "present") {
    yield* appearing(tail, { view, at, selector });
    yield { kind: "bookmark", revision: at, view };
  }
  while (!signal.aborted) {
    const now = sight();
    if (now?.key !== view?.key) {
      const [before, after] = [view, now];
      yield* ending(tail, { view: before, at, selector, unless: (name) => !after || shows(after, name) });
      yield* appearing(tail, { view: after, at, selector, unless: (name) => !before || shows(before, name) });
      view = now;
      yield { kind: "bookmark", revision: at, view };
    }
    const current = view;
    const isMeant = (event: Event): boolean =>
      selects(selector, event) && (!current || shows(current, event.repository));
    const { events } = await tail.read(at, EVENTS_PER_PAGE);
    const last = events.at(-1);
    if (last) {
      const meant = events.filter(isMeant);
      at = last.revision;
      if (meant.length > 0) yield { kind: "events", events: meant, view };
      continue;
    }
    const waited = await tail.past(at, { isMeant, ms: beatMs, signal });
    ({ at } = waited);
    if (waited.isOver) yield { kind: "bookmark", revision: at, view };
  }
}

/** Which part of the present to tell: what a view shows, unless something holds for its repository. */
type Part = {
  readonly view: View | undefined;
  readonly at: Revision;
  readonly selector: EventSelector;
  readonly unless?: (repository: string) => boolean;
};

/** What there is as the events that would make it: repositories, then manifests, then tags. */
async function* appearing(tail: Tail, part: Part): AsyncGenerator<Notice> {
  yield* told(tail, part, {
    kind: "repositories",
    shownAs: (item) => ({ type: "repository.created", ...repositoryOf(item) }),
  });
  yield* told(tail, part, {
    kind: "manifests",
    shownAs: (item) => ({ type: "manifest.pushed", ...manifestOf(item) }),
  });
  yield* told(tail, part, { kind: "tags", shownAs: (item) => ({ type: "tag.set", ...tagOf(item) }) });
}

/** The same as the events that would end it, the other way round. */
async function* ending(tail: Tail, part: Part): AsyncGenerator<Notice> {
  yield* told(tail, part, { kind: "tags", shownAs: (item) => ({ type: "tag.deleted", ...tagOf(item) }) });
  yield* told(tail, part, {
    kind: "manifests",
    shownAs: (item) => ({ type: "manifest.deleted", ...manifestOf(item) }),
  });
  yield* told(tail, part, {
    kind: "repositories",
    shownAs: (item) => ({ type: "repository.deleted", ...repositoryOf(item) }),
  });
}

type Telling<Kind extends ListKind> = { readonly kind: Kind; readonly shownAs: (item: Items[Kind]) => Shown };

async function* told<Kind extends ListKind>(
  { catalog }: Tail,
  { view, at, selector, unless = () => false }: Part,
  { kind, shownAs }: Telling<Kind>,
): AsyncGenerator<Notice> {
  const { under, repository } = selector;
  const query = {
    selector: { under, repository },
    order: { by: "name", descending: false },
    limit: ITEMS_PER_PAGE,
    at,
    view,
  } as const;
  let after: ListQuery["after"];
  do {
    const { items, next } = await catalog.list(kind, { ...query, after });
    const events = items
      .map(shownAs)
      .filter((event) => !unless(event.repository) && selects(selector, event));
    if (events.length > 0) yield { kind: "shown", revision: at, events, view };
    after = next;
  } while (after);
}

function repositoryOf({ name, created }: Items["repositories"]): Pick<Shown, "repository" | "time"> {
  return { repository: name, time: created };
}

function manifestOf(item: Items["manifests"]): Omit<Shown, "type"> {
  const { repository, digest, pushed } = item;
  return { repository, digest, time: pushed, manifest: summaryOf(item) };
}

function tagOf(item: Items["tags"]): Omit<Shown, "type"> {
  const { repository, name, digest, updated } = item;
  return { repository, tag: name, digest, time: updated, manifest: summaryOf(item) };
}

function summaryOf(item: Items["manifests"] | Items["tags"]): NonNullable<Shown["manifest"]> {
  const { mediaType, artifactType, size, imageSize } = item;
  const subject = "subject" in item ? item.subject : undefined;
  return { mediaType, ...(artifactType && { artifactType }), size, imageSize, ...(subject && { subject }) };
}
