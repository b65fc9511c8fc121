import type { IncomingMessage } from "node:http";
import type { Revision } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { cursorAt, cursorBehind } from "../registry/cursor.ts";
import type { EventSelector } from "../registry/event-selector.ts";
import { watch, type Notice } from "../registry/watch.ts";
import type { Answer, Call } from "./call.ts";
import { bookmarkEvent, cloudEvent, shownEvent } from "../registry/cloud-event.ts";

/** How long a stream may be quiet before it is told how far it is, in milliseconds: proxies end lines that are silent. */
const BEAT_MS = 15_000;
/** How long one answer goes on, in milliseconds. Readers come again; who is no longer a user does not. */
const STREAM_MS_MAX = 30 * 60_000;

/** How long a browser waits before it comes back, in milliseconds. */
const RETRY_MS = 1_000;

/** How events are answered: as a page, as server-sent events, or as a line of JSON each. */
export type EventForm = "page" | "sse" | "ndjson";

const TYPES = { sse: "text/event-stream", ndjson: "application/x-ndjson" } as const;

/** The form that `Accept` asks for. */
export function formOf({ headers }: IncomingMessage): EventForm {
  const accept = headers.accept ?? "";
  if (accept.includes(TYPES.sse)) return "sse";
  return accept.includes(TYPES.ndjson) ? "ndjson" : "page";
}

type Streaming = {
  readonly form: "sse" | "ndjson";
  readonly from: Revision | "present";
  readonly selector: EventSelector;
};

/** An answer that goes on: until its reader leaves, half an hour is over, or the server stops. `TOOMANYREQUESTS`. */
export async function streamEvents(call: Call, { form, from, selector }: Streaming): Promise<Answer> {
  const { registry, rights, service } = call;
  const place = service.streams.take(call);
  try {
    // What is wrong with the place is said by a status, before anything is streamed.
    if (from !== "present") await registry.tail.read(from, 1);
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
  const signal = AbortSignal.any([call.gone(), service.stopping]);
  const sight = (): ReturnType<typeof rights.view> => rights.now().view("list");
  const notices = watch(registry.tail, {
    from,
    selector,
    sight,
    beatMs: service.beatMs ?? BEAT_MS,
    signal,
    msMax: STREAM_MS_MAX,
  });
  return {
    status: 200,
    headers: { "Content-Type": TYPES[form], "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
    body: { flow: linesOf(call, notices, form), [Symbol.dispose]: () => place[Symbol.dispose]() },
  };
}

/** The notices as text. What fails once it has begun is the last thing that is told. */
async function* linesOf(
  call: Call,
  notices: AsyncGenerator<Notice>,
  form: "sse" | "ndjson",
): AsyncGenerator<string> {
  const format = form === "sse" ? sse : ndjson;
  if (form === "sse") yield `retry: ${RETRY_MS}\n\n`;
  try {
    for await (const notice of notices) yield (await linesIn(call, notice)).map(format).join("");
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { code, message, detail } = error;
    const event = {
      specversion: "1.0",
      type: "dev.supercargo.failure",
      source: call.service.url(),
      id: call.origin.requestId,
      datacontenttype: "application/json",
      data: { code, message, ...(detail !== undefined && { detail }) },
    };
    yield format({ name: "failure", event });
  }
}

/** A line: its event, the name by which browsers tell it from others, and the cursor to come back with. */
type Line = { readonly name?: string; readonly event: Record<string, unknown>; readonly cursor?: string };

async function linesIn({ registry, service }: Call, notice: Notice): Promise<Line[]> {
  const source = service.url();
  const { view } = notice;
  if (notice.kind === "shown") {
    return notice.events.map((event) => ({ event: shownEvent(event, source, notice.revision) }));
  }
  if (notice.kind === "bookmark") {
    const cursor = await cursorAt(registry.tail.catalog, notice.revision, view);
    return [{ name: "bookmark", event: bookmarkEvent(notice.revision, source, cursor), cursor }];
  }
  return notice.events.map((event) => {
    const cursor = cursorBehind(event, view);
    return { event: cloudEvent(event, source, cursor), cursor };
  });
}

function sse({ name, event, cursor }: Line): string {
  const head =
    (name === undefined ? "" : `event: ${name}\n`) + (cursor === undefined ? "" : `id: ${cursor}\n`);
  return `${head}data: ${JSON.stringify(event)}\n\n`;
}

function ndjson({ event }: Line): string {
  return `${JSON.stringify(event)}\n`;
}
