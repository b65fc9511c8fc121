import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ANONYMOUS, actorOf, type Caller } from "../access/caller.ts";
import { RegistryError } from "../errors.ts";
import type { Registry } from "../registry/registry.ts";
import type { Receivers } from "../webhooks/receivers.ts";
import { failure, isGone, send } from "./answer.ts";
import { type Access, authenticate, type Identity, isGuarded, NOBODY } from "./authenticate.ts";
import { authorize, rightsOf } from "./authorize.ts";
import type { Answer, Call } from "./call.ts";
import { type CameFrom, cameFrom, countedAs, type Trust } from "./came-from.ts";
import { forCaller } from "./conditions.ts";
import { challengeHeaders } from "./challenge.ts";
import { corsHeaders, isPreflight, preflight } from "./cors.ts";
import { discardBody } from "./discard.ts";
import { match, type Match } from "./match.ts";
import type { Observer } from "./observer.ts";
import type { Pages } from "./page-cache.ts";
import { type RateClass, rateClassOf, type RateLimits } from "./rate-limits.ts";
import type { Streams } from "./streams.ts";
import { bytesArrived } from "./traffic.ts";
import { Turn } from "./turn.ts";

/** What requests ask of the server around the registry. */
export type Service = {
  /** Where clients reach this registry, without a slash at the end; events name it as their source. */
  readonly url: () => string;
  /** Resolves when the catalog and the blobs answer; `UNAVAILABLE` says which does not. */
  readonly ready: () => Promise<void>;
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Pages of lists that were answered lately. */
  readonly pages: Pages;
  /** Origins of web pages that may use the API from a browser; `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Whose word is taken on where requests come from. */
  readonly trusts: Trust;
  readonly rates: RateLimits;
  /** Who is told of events. */
  readonly receivers: Receivers;
  /** Streams that are running. */
  readonly streams: Streams;
  /** Aborted when the server stops: what would go on for ever has to end then. */
  readonly stopping: AbortSignal;
  /** How long a stream may be quiet, in milliseconds, if not as long as usual. */
  readonly beatMs?: number | undefined;
  /** Who may do what, and how to find out who asks; without it everything is for everybody. */
  readonly access?: Access | undefined;
};

export type AppOptions = {
  readonly registry: Registry;
  readonly service: Service;
  readonly observer: Observer;
};

/** That the host is to be asked by TLS alone, for a year from each answer on. */
const HSTS = "max-age=31536000";

/** The status noted of a request whose client was gone before the answer, as nginx does. */
const CLIENT_GONE = 499;
/** The status noted of an answer that we broke off: the client has seen another one, and that it is not whole. */
const BROKEN_OFF = 500;
const NO_ROUTE = "none";

/** Serves requests: finds the route, has its handler answer, sends that, and tells the observer. Never throws. */
export function createApp(options: AppOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const all = { ...options, turn: new Turn() };
  return (request, response) => void serve(all, request, response);
}

async function serve(
  options: AppOptions & { readonly turn: Turn },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = performance.now();
  const requestId = randomUUID();
  const from = cameFrom(request, options.service.trusts);
  const outcome = await answerOf(options, request, { requestId, gone: () => goneOf(response), from });
  const permission = corsHeaders(request, options.service.corsOrigins);
  const headers = {
    "X-Request-Id": requestId,
    ...permission,
    ...(outcome.isForCaller && forCaller(outcome.answer, permission)),
    ...(from.scheme === "https" && { "Strict-Transport-Security": HSTS }),
    ...outcome.limits,
  };
  const isHead = request.method === "HEAD";
  let { error } = outcome;
  let { status } = outcome.answer;
  const tell = (bytesOut: number): void =>
    options.observer.finished({
      requestId,
      method: request.method ?? "",
      route: outcome.route,
      path: request.url ?? "",
      status,
      bytesIn: bytesArrived(request.socket),
      bytesOut,
      ms: performance.now() - started,
      actor: actorOf(outcome.caller),
      code: error instanceof RegistryError ? error.code : undefined,
      error: status >= 500 ? error : undefined,
      refusal: refusalIn(error),
    });
  let bytesOut = 0;
  discardBody(request);
  // Asked before the answer goes out: a client that has got all of it may well have left.
  if (request.socket.destroyed) status = CLIENT_GONE;
  try {
    const rest = send(response, outcome.answer, { headers, isHead });
    if ("send" in rest) return options.turn.add(rest.send, () => tell(rest.bytes), performance.now());
    bytesOut = await rest;
  } catch (failed) {
    error = failed;
    status = isGone(failed) ? CLIENT_GONE : BROKEN_OFF;
    response.destroy();
  }
  tell(bytesOut);
}

/** Most handlers do not ask for it, and it costs as much as all else that is made for a request. */
function goneOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  // To make the reason of an abort costs even more, and nobody waits for the end of an answer that is whole.
  const close = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) close();
  else response.once("close", close);
  return gone.signal;
}

/** Why a caller was turned away. These messages are ours, and repeat nothing of what was sent as a credential. */
function refusalIn(error: unknown): string | undefined {
  const isRefusal =
    error instanceof RegistryError && (error.code === "UNAUTHORIZED" || error.code === "DENIED");
  return isRefusal ? error.message : undefined;
}

type Outcome = {
  readonly route: string;
  readonly answer: Answer;
  readonly caller: Caller;
  /** How many more such calls there may be. */
  readonly limits?: Readonly<Record<string, string>>;
  readonly error?: unknown;
  /** That it would be another answer if somebody else had asked. */
  readonly isForCaller?: boolean;
};

async function answerOf(
  { registry, service }: AppOptions,
  request: IncomingMessage,
  { requestId, gone, from }: Pick<Call, "gone" | "from"> & { readonly requestId: string },
): Promise<Outcome> {
  let found: Match | undefined;
  let caller: Caller = ANONYMOUS;
  let limits: Readonly<Record<string, string>> = {};
  let isForCaller = false;
  try {
    requireHost(request);
    if (isPreflight(request)) return { route: NO_ROUTE, answer: preflight(), caller };
    found = match(request.method ?? "", request.url ?? "");
    const { route, params, query, search } = found;
    const rateClass = rateClassOf(route);
    // Before the password is looked at, which costs more than anything else.
    if (rateClass === "login") limits = await service.rates.take(rateClass, countedAs(ANONYMOUS, from));
    const access = route.needs === "nothing" ? undefined : service.access;
    isForCaller = isGuarded(access);
    const identity = isForCaller
      ? await identify(request, { access, from, rates: service.rates, rateClass })
      : NOBODY;
    caller = identity.caller;
    if (rateClass !== "login" && service.rates.counts(rateClass)) {
      limits = await service.rates.take(rateClass, countedAs(caller, from));
    }
    const rights = rightsOf(identity, service.access);
    const origin = { actor: actorOf(caller), requestId };
    const call = { service, registry, request, params, query, search, origin, from, gone, rights };
    const answer = await route.handler(authorize(call, route.needs));
    return { route: route.path, answer, caller: answer.caller ?? caller, limits, isForCaller };
  } catch (error) {
    const headers = challengeHeaders(error, from, service);
    return {
      route: found?.route.path ?? NO_ROUTE,
      answer: failure(error, requestId, headers),
      caller,
      limits,
      error,
      isForCaller,
    };
  }
}

type Identifying = {
  readonly access: Access | undefined;
  readonly from: CameFrom;
  readonly rates: RateLimits;
  readonly rateClass: RateClass | undefined;
};

/**
 * Who asks. Whoever shows what proves nothing is counted as nobody is, by where they come from: in the class of what they
 * ask for, or as a login. `UNAUTHORIZED`, `TOOMANYREQUESTS`.
 */
async function identify(
  request: IncomingMessage,
  { access, from, rates, rateClass = "login" }: Identifying,
): Promise<Identity> {
  try {
    return await authenticate(request, access, from);
  } catch (error) {
    const isRefused = error instanceof RegistryError && error.code === "UNAUTHORIZED";
    if (isRefused) await rates.take(rateClass, countedAs(ANONYMOUS, from));
    throw error;
  }
}

/** RFC 9112 "Host and :authority". `REQUEST_INVALID`. */
function requireHost({ httpVersion, headers }: IncomingMessage): void {
  if (httpVersion !== "1.1" || headers.host !== undefined) return;
  throw new RegistryError(
    "REQUEST_INVALID",
    "The request has no Host header, which HTTP/1.1 requires. Send one.",
  );
}
