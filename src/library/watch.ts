import { SupercargoError } from "./failure.ts";
import type { EventSelector, RegistryEvent, Watched } from "./items.ts";
import { linesOf } from "./lines.ts";

/** The first wait after a connection broke, and the longest, in milliseconds. Each is twice the one before. */
const WAIT_MS = 200;
const WAIT_MS_MAX = 10_000;
/** The longest wait that a registry may ask for by `Retry-After`, in milliseconds. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/**
 * How long a connection may be silent, in milliseconds: three times as long as a registry is when nothing happens. One that
 * broke without a word would be waited for without end.
 */
const SILENCE_MS = 45_000;
/** Codes of what another attempt may mend, which a stream may end with. */
const PASSING: readonly string[] = ["UNREACHABLE", "UNAVAILABLE", "UNKNOWN"];
/** Statuses that say "not now". */
const NOT_NOW: readonly number[] = [429, 500, 502, 503, 504];
const PREFIX = "dev.supercargo.";

export type WatchOptions = EventSelector & {
  /** The cursor or revision behind which to begin; without it, with what there is. */
  readonly after?: string | number;
  readonly signal?: AbortSignal;
};

/** Asks for a path; rejects with a `SupercargoError` for whatever is no success. */
export type Ask = (
  path: string,
  options: { accept: string; signal: AbortSignal | undefined },
) => Promise<Response>;

/** An event as the registry sends it (CloudEvents 1.0); `bookmark` is one too. */
export type CloudEvent = {
  readonly type: string;
  readonly id: string;
  readonly subject?: string;
  readonly time: string;
  readonly cursor?: string;
  readonly snapshot?: boolean;
  readonly data: Record<string, unknown>;
};

/** A beginning: what there is follows, up to a bookmark. */
export const RESET = Symbol("reset");

/**
 * All that happens, each once and in order, for as long as it is read: a connection that breaks is made again where it was.
 * Ends by the signal. Throws a `SupercargoError` for what no other attempt would mend, such as `REVISION_EXPIRED`.
 */
export async function* watch(ask: Ask, options: WatchOptions): AsyncGenerator<Watched> {
  for await (const event of follow(ask, options)) yield event === RESET ? { type: "reset" } : read(event);
}

/** The same as the registry sends it. */
export async function* follow(ask: Ask, options: WatchOptions): AsyncGenerator<CloudEvent | typeof RESET> {
  const { after, signal = new AbortController().signal, ...selector } = options;
  let cursor = after === undefined ? undefined : String(after);
  let failures = 0;
  while (!signal.aborted) {
    let asked = 0;
    try {
      // Longer after each failure: a present of which little is meant may take long to be looked through.
      const silenceMs = SILENCE_MS * (failures + 1);
      for await (const event of stream(ask, { cursor, selector, signal, silenceMs })) {
        yield event;
        cursor = cursorOf(event) ?? cursor;
        // Only who has come further has not failed.
        failures = cursorOf(event) === undefined ? failures : 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      if (error instanceof SupercargoError) asked = Math.min(error.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX);
    }
    await pause(Math.max(asked, Math.min(WAIT_MS * 2 ** failures++, WAIT_MS_MAX)), signal);
  }
}

function cursorOf(event: CloudEvent | typeof RESET): string | undefined {
  return event === RESET ? undefined : event.cursor;
}

type Place = {
  readonly cursor: string | undefined;
  readonly selector: EventSelector;
  readonly signal: AbortSignal;
  readonly silenceMs: number;
};

/** What one connection tells, until it ends. */
async function* stream(
  ask: Ask,
  { cursor, selector, signal, silenceMs }: Place,
): AsyncGenerator<CloudEvent | typeof RESET> {
  const place: [string, string] = cursor === undefined ? ["snapshot", "true"] : ["after", cursor];
  const query = new URLSearchParams([place, ...parametersOf(selector)]);
  const path = `/v2/_supercargo/events?${query.toString()}`;
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), silenceMs);
  const answer = await ask(path, {
    accept: "application/x-ndjson",
    signal: AbortSignal.any([signal, silent.signal]),
  }).finally(() => clearTimeout(timer));
  if (cursor === undefined) yield RESET;
  for await (const line of linesOf(answer.body ?? new ReadableStream(), silenceMs)) {
    const event = JSON.parse(line) as CloudEvent;
    if (event.type === `${PREFIX}failure`) throw failureIn(event);
    yield event;
  }
}

/** True of what another attempt may mend: a connection that broke, and a registry that cannot answer now. */
function isPassing(error: unknown): boolean {
  if (error instanceof SupercargoError) return PASSING.includes(error.code) || NOT_NOW.includes(error.status);
  return error instanceof TypeError || (error as Error).name === "AbortError" || error instanceof SyntaxError;
}

function failureIn({ data }: CloudEvent): SupercargoError {
  return new SupercargoError(String(data["message"]), { code: String(data["code"]), detail: data["detail"] });
}

function parametersOf({ types, ...others }: EventSelector): [string, string][] {
  const given = Object.entries(others).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return types ? [["type", types.join(",")], ...given] : given;
}

function read({
  type,
  time,
  cursor,
  snapshot = false,
  data,
}: CloudEvent): Exclude<Watched, { type: "reset" }> {
  const short = type.slice(PREFIX.length);
  if (short === "bookmark")
    return { type: "bookmark", revision: Number(data["revision"]), cursor: cursor ?? "" };
  const { name, repository = name, ...rest } = data;
  return {
    ...rest,
    type: short as RegistryEvent["type"],
    repository: String(repository),
    ...(short.startsWith("tag.") && { tag: String(name) }),
    time,
    snapshot,
    ...(cursor !== undefined && { cursor }),
  };
}

/** Up to half longer than asked, so that those who were cut off together do not come back together. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms * (1 + Math.random() / 2));
    signal.addEventListener("abort", end);
  });
}
