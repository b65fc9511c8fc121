import { once } from "node:events";
import {
  Agent as HttpAgent,
  request as requestHttp,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { Event } from "../catalog/catalog.ts";
import { shown } from "../oci/shown.ts";
import { EVENTS_MAX, payloadOf, probeOf, type Payload } from "./payload.ts";
import { addressesOf, isAddress, type Reach } from "./reachable.ts";
import { signatureHeaders } from "./signature.ts";
import { refusedBy, TAKEN, type Outcome, type Sink, type SinkOptions } from "./sink.ts";

/** How much of an answer is read, in bytes, and for how long, in milliseconds; then its connection is given up. */
const ANSWER_BYTES_MAX = 16_384;
const ANSWER_MS_MAX = 1_000;
/** The longest wait that a receiver may ask for, in milliseconds. */
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

const GONE = 410;

/** Posts events to a URL: signed if there is a secret, to where its name leads at that moment, and nowhere else. */
export class HttpSink implements Sink {
  readonly eventsMax: number;
  readonly #options: SinkOptions;
  readonly #agent: HttpAgent;
  readonly #url: URL;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#url = new URL(options.definition.url);
    this.#agent =
      this.#url.protocol === "https:"
        ? new HttpsAgent({ keepAlive: true })
        : new HttpAgent({ keepAlive: true });
    this.eventsMax = EVENTS_MAX[options.definition.format];
  }

  async deliver(events: readonly Event[], signal: AbortSignal): Promise<Outcome> {
    const { definition, source } = this.#options;
    const payload = payloadOf(definition.format, events, source);
    return payload ? this.#post(payload, signal) : TAKEN;
  }

  probe(signal: AbortSignal): Promise<Outcome> {
    return this.#post(probeOf(this.#options.definition.format, this.#options), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  async #post({ id, headers, body }: Payload, signal: AbortSignal): Promise<Outcome> {
    const { definition, reach } = this.#options;
    const send = this.#url.protocol === "https:" ? requestHttps : requestHttp;
    const options: RequestOptions = {
      method: "POST",
      agent: this.#agent,
      lookup: lookupWithin(reach),
      signal,
      headers: {
        ...headers,
        "Content-Length": Buffer.byteLength(body),
        "User-Agent": "supercargo",
        ...(definition.secret && signatureHeaders(definition.secret, { id, time: new Date(), body })),
      },
    };
    try {
      // An address is never looked up.
      if (isAddress(this.#url.hostname)) await addressesOf(this.#url.hostname, reach);
      const sent = send(this.#url, options);
      // It may fail once more when nobody waits for it any longer.
      sent.on("error", () => {});
      sent.end(body);
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      return await outcomeOf(answer);
    } catch (error) {
      const isLate = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
      return isLate ? { isTaken: false, reason: "It gave no answer in time." } : refusedBy(error);
    }
  }
}

/** What a host is looked up by when it is connected to. */
function lookupWithin(reach: Reach): LookupFunction {
  const find = async (...[host, options, callback]: Parameters<LookupFunction>): Promise<void> => {
    try {
      const found = await addressesOf(host, reach);
      if (options.all) callback(null, found);
      else callback(null, found[0].address, found[0].family);
    } catch (error) {
      callback(error as NodeJS.ErrnoException, "");
    }
  };
  return (...asked) => void find(...asked);
}

async function outcomeOf(answer: IncomingMessage): Promise<Outcome> {
  const { statusCode: status = 0, headers } = answer;
  const said = await beginningOf(answer);
  if (status >= 200 && status < 300) return TAKEN;
  const moved = status >= 300 && status < 400 ? " Redirects are not followed." : "";
  return {
    isTaken: false,
    reason: `It answered ${status}${said === "" ? "" : `: ${shown(said)}`}.${moved}`,
    retryAfterMs: waitIn(headers["retry-after"]),
    isGone: status === GONE,
  };
}

/** As much of an answer as is worth reading. One that does not end soon costs its connection, and nothing else. */
async function beginningOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const giveUp = setTimeout(() => answer.destroy(), ANSWER_MS_MAX);
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > ANSWER_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch {
    // The status is what counts.
  } finally {
    clearTimeout(giveUp);
  }
  return Buffer.concat(chunks).toString();
}

/** What `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110 section 10.2.3). */
function waitIn(text = ""): number | undefined {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX) : undefined;
}
