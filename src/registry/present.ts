import { setImmediate } from "node:timers/promises";
import type { Catalog, Event, EventType, Revision } from "../catalog/catalog.ts";
import type { Items, ListKind, ListQuery } from "../catalog/items.ts";
import type { Selector } from "../catalog/selector.ts";
import type { View } from "../oci/view.ts";
import { selects, type EventSelector } from "./event-selector.ts";

const ITEMS_PER_PAGE = 1_000;

/** What a reader is told of the present, which did not happen now: without who did it. */
export type Shown = Omit<Event, "revision" | "actor" | "requestId">;

/** Which part of the present to tell: what a view shows and a selector means, unless something holds for its repository. */
export type Part = {
  readonly view: View | undefined;
  readonly at: Revision;
  readonly selector: EventSelector;
  /** Ends it before it is whole. */
  readonly signal: AbortSignal;
  readonly unless?: (repository: string) => boolean;
};

/** What there is as the events that would make it, in pages: repositories, then manifests, then tags. */
export async function* appearing(catalog: Catalog, part: Part): AsyncGenerator<readonly Shown[]> {
  yield* told(catalog, part, { kind: "repositories", type: "repository.created", of: repositoryOf });
  yield* told(catalog, part, { kind: "manifests", type: "manifest.pushed", of: manifestOf });
  yield* told(catalog, part, { kind: "tags", type: "tag.set", of: tagOf });
}

/** The same as the events that would end it, the other way round. */
export async function* ending(catalog: Catalog, part: Part): AsyncGenerator<readonly Shown[]> {
  yield* told(catalog, part, { kind: "tags", type: "tag.deleted", of: tagOf });
  yield* told(catalog, part, { kind: "manifests", type: "manifest.deleted", of: manifestOf });
  yield* told(catalog, part, { kind: "repositories", type: "repository.deleted", of: repositoryOf });
}

type Telling<Kind extends ListKind> = {
  readonly kind: Kind;
  readonly type: EventType;
  readonly of: (item: Items[Kind]) => Omit<Shown, "type">;
};

async function* told<Kind extends ListKind>(
  catalog: Catalog,
  { view, at, selector, signal, unless = () => false }: Part,
  { kind, type, of }: Telling<Kind>,
): AsyncGenerator<readonly Shown[]> {
  const asked = askedOf(kind, type, selector);
  if (asked === undefined) return;
  const order = { by: "name", descending: false } as const;
  const query = { selector: asked, order, limit: ITEMS_PER_PAGE, at, view };
  let after: ListQuery["after"];
  do {
    // A database of this process answers without waiting for anything; others are to have their turn in between.
    await setImmediate();
    const { items, next } = await catalog.list(kind, { ...query, after });
    const events = items
      .map((item) => ({ type, ...of(item) }))
      .filter((event) => !unless(event.repository) && selects(selector, event));
    if (events.length > 0) yield events;
    after = next;
  } while (after && !signal.aborted);
}

/** What a list is asked for, so that it need not be read to its end; `undefined` where nothing on it can be meant. */
function askedOf(kind: ListKind, type: EventType, selector: EventSelector): Selector | undefined {
  const { types, under, repository, name, tag, digest, artifactType, mediaType } = selector;
  if (types && !types.includes(type)) return undefined;
  const place = { under, repository, name };
  const content = { digest, artifactType, mediaType };
  if (kind === "tags") return { ...place, ...content, tag };
  if (tag !== undefined) return undefined;
  if (kind === "manifests") return { ...place, ...content };
  return Object.values(content).some((part) => part !== undefined) ? undefined : place;
}

function repositoryOf({ name, created }: Items["repositories"]): Omit<Shown, "type"> {
  return { repository: name, time: new Date(created) };
}

function manifestOf(item: Items["manifests"]): Omit<Shown, "type"> {
  const { repository, digest, pushed } = item;
  return { repository, digest, time: new Date(pushed), manifest: summaryOf(item) };
}

function tagOf(item: Items["tags"]): Omit<Shown, "type"> {
  const { repository, name, digest, updated } = item;
  return { repository, tag: name, digest, time: new Date(updated), manifest: summaryOf(item) };
}

function summaryOf(item: Items["manifests"] | Items["tags"]): NonNullable<Shown["manifest"]> {
  const { mediaType, artifactType, size, imageSize } = item;
  const subject = "subject" in item ? item.subject : undefined;
  return { mediaType, ...(artifactType && { artifactType }), size, imageSize, ...(subject && { subject }) };
}
