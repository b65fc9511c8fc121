import { RegistryError } from "../errors.ts";
import { oneLine } from "./failure.ts";

/** How long a registry may take for one answer, in milliseconds. Catalogs of large registries take minutes. */
const ANSWER_MS_MAX = 300_000;
/** How often a request is sent at the most while the registry says it cannot answer now. */
const ATTEMPTS_MAX = 6;
/** The first wait where the registry names none, in milliseconds; each further one is twice as long. */
const BACKOFF_MS = 500;
/** The longest wait that is obeyed, in milliseconds. Who asks for more is asked again by a person, later. */
const RETRY_AFTER_MS_MAX = 300_000;

/** Statuses that say "not now". */
const NOT_NOW: readonly number[] = [429, 502, 503, 504];
/** Failures of a connection that was there: the server ended it, or something between. */
const BROKEN: readonly string[] = [
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_BODY_TIMEOUT",
];
/** What OpenSSL says of a server that does not speak TLS. */
const NOT_TLS: readonly string[] = [
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "EPROTO",
];

export type Request = {
  readonly url: URL;
  readonly method?: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | string;
  /** The largest answer that is read, in bytes. */
  readonly bytesMax: number;
};

export type Answer = {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
};

export type ExchangeOptions = {
  /** How many requests may be under way at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** Waits, for tests that have no time to. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
};

/**
 * Sends requests, at most so many at a time, and again while the registry says "not now": as late as it says, and then
 * all others wait as well.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #pause: Promise<unknown> | undefined;
  /** Requests sent so far. */
  sent = 0;
  /** How many waits that a registry asked for are going on. */
  pauses = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#free = options.concurrency;
  }

  /**
   * The answer to a request, whatever its status, except that "not now" is only the last of several.
   * @throws UNAVAILABLE if there is none, SIZE_EXCEEDED if it is too large, TOOMANYREQUESTS if the wait would be too long
   */
  async send(request: Request): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      while (this.#pause !== undefined) await this.#pause;
      const outcome = await this.#sendOnce(request);
      const isLast = attempt === ATTEMPTS_MAX;
      if (outcome instanceof Error) {
        if (isLast || !BROKEN.includes(codeOf(outcome))) throw unreachable(request.url, outcome);
        await this.#wait(backoff(attempt));
      } else {
        if (isLast || !NOT_NOW.includes(outcome.status)) return outcome;
        await this.#hold(retryAfter(outcome) ?? backoff(attempt));
      }
    }
  }

  /** The answer, or the error of a connection that gave none. */
  async #sendOnce({ url, method = "GET", headers = {}, body, bytesMax }: Request): Promise<Answer | Error> {
    await this.#enter();
    try {
      this.sent++;
      const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
      const signal = this.#options.signal ? AbortSignal.any([timeout, this.#options.signal]) : timeout;
      const response = await fetch(url, { method, headers: { ...headers }, body: body ?? null, signal });
      const bytes = await readUpTo(response, bytesMax);
      if (bytes === undefined) throw tooLarge(url, bytesMax);
      return { url, status: response.status, headers: response.headers, bytes };
    } catch (error) {
      if (error instanceof RegistryError || this.#options.signal?.aborted) throw error;
      if (error instanceof Error) return error;
      throw error;
    } finally {
      this.#leave();
    }
  }

  /** Lets no request out until the time is over. */
  async #hold(ms: number): Promise<void> {
    const pause = Promise.all([this.#pause, this.#wait(ms)]);
    this.#pause = pause;
    this.pauses++;
    try {
      await pause;
    } finally {
      this.pauses--;
      if (this.#pause === pause) this.#pause = undefined;
    }
  }

  #wait(ms: number): Promise<void> {
    return (this.#options.sleep ?? sleep)(ms, this.#options.signal);
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** The whole body, or `undefined` if it is longer than that; then the rest is not read. */
async function readUpTo({ body }: Response, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout } = await import("node:timers/promises");
  await setTimeout(ms, undefined, signal && { signal });
}

/** Up to a quarter later than the rule says, so that those who failed together do not come back together. */
function backoff(attempt: number): number {
  return BACKOFF_MS * 2 ** (attempt - 1) * (1 + Math.random() / 4);
}

/** The wait that an answer asks for, in milliseconds: seconds or a date (RFC 9110 section 10.2.3). */
function retryAfter({ url, headers }: Answer): number | undefined {
  const text = headers.get("Retry-After")?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  if (!Number.isFinite(ms)) return undefined;
  if (ms > RETRY_AFTER_MS_MAX) {
    const message = `${url.host} asks to come back in ${Math.ceil(ms / 1000)} seconds; try again then.`;
    throw new RegistryError("TOOMANYREQUESTS", message);
  }
  return Math.max(ms, 0);
}

function codeOf(error: Error): string {
  const cause = error.cause ?? error;
  const { code } = cause as { code?: unknown };
  return typeof code === "string" ? code : error.name;
}

function unreachable(url: URL, cause: Error): RegistryError {
  const code = codeOf(cause);
  const said = cause.cause instanceof Error ? cause.cause.message || code : cause.message;
  let advice = "";
  if (code === "ENOTFOUND") advice = " The registry's host comes first, as in registry.example/team/app.";
  if (NOT_TLS.includes(code)) advice = " It seems to speak no TLS; --plain-http asks it without.";
  return new RegistryError("UNAVAILABLE", `${url.host} gives no answer: ${oneLine(said)}.${advice}`, {
    cause,
  });
}

function tooLarge(url: URL, bytesMax: number): RegistryError {
  const message = `${url.host} answered ${url.pathname} with more than ${bytesMax} bytes; nothing so large is read.`;
  return new RegistryError("SIZE_EXCEEDED", message);
}
