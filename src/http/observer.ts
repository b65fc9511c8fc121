import pino, { type Logger } from "pino";
import type { ErrorCode } from "../errors.ts";
import { loggedPath } from "./logged-path.ts";
import type { Metrics } from "./metrics.ts";

/** What is noted of a request once it has been answered. */
export type RequestEntry = {
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern, never the path: metrics are kept by it. */
  readonly route: string;
  /** The target as sent, query included. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the request as it arrived, head and body. */
  readonly bytesIn: number;
  /** Bytes of the answer's body. */
  readonly bytesOut: number;
  readonly ms: number;
  readonly actor: string;
  readonly code?: ErrorCode | undefined;
  /** Of a 5xx only: its cause, which is logged here and nowhere else. */
  readonly error?: unknown;
  /** Why the caller was turned away, without a word of what they sent to log in. */
  readonly refusal?: string | undefined;
};

/** Is told of every request, once, when it is over. */
export type Observer = { finished(entry: RequestEntry): void };

/** Routes that machines call every few seconds: logged at `debug` unless they fail. */
const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Logs every request as one line, and counts it. */
export function createObserver({ log, metrics }: { log: Logger; metrics: Metrics }): Observer {
  const plain = plainLinesOf(log);
  return {
    finished(entry) {
      metrics.observe(entry);
      const level = levelOf(entry);
      if (!log.isLevelEnabled(level)) return;
      if (entry.error === undefined) plain[level](entry, "request");
      else log[level]({ ...shownOf(entry), err: entry.error }, "request");
    },
  };
}

/** What a line says of a request. What is undefined is left out. */
function shownOf(entry: RequestEntry): object {
  return { ...entry, path: loggedPath(entry.path), ms: millisecondsOf(entry), error: undefined };
}

function millisecondsOf({ ms }: RequestEntry): number {
  return Math.round(ms * 1000) / 1000;
}

/** The same as JSON, without its braces, for half of what `JSON.stringify` takes. Ids, methods and routes need no escaping. */
function textOf(entry: RequestEntry): string {
  const { requestId, method, route, path, status, bytesIn, bytesOut, actor, code, refusal } = entry;
  const rare = code === undefined && refusal === undefined ? "" : JSON.stringify({ code, refusal });
  return (
    `"requestId":"${requestId}","method":"${method}","route":"${route}","path":${JSON.stringify(loggedPath(path))},` +
    `"status":${status},"bytesIn":${bytesIn},"bytesOut":${bytesOut},"ms":${millisecondsOf(entry)},` +
    `"actor":${JSON.stringify(actor)}${rare && `,${rare.slice(1, -1)}`}`
  );
}

/**
 * The same log for lines of requests that did not fail. Each is made at once, for a fraction of what it costs the logger to
 * look at each member; most of what a small request took beside HTTP was its line.
 */
function plainLinesOf(log: Logger): Logger {
  const { [pino.symbols.lsCacheSym]: begins, [pino.symbols.chindingsSym]: bindings } =
    log as unknown as Insides;
  const asJson = (...[entry, message, level, time]: [RequestEntry, string, number, string]): string =>
    `${begins[level]}${time}${bindings},${textOf(entry)},"msg":"${message}"}\n`;
  return Object.assign(log.child({}), { [pino.symbols.asJsonSym]: asJson });
}

/** How a line of each level begins, up to its time, and what stands in all lines behind it. */
type Insides = {
  readonly [pino.symbols.lsCacheSym]: Readonly<Record<number, string>>;
  readonly [pino.symbols.chindingsSym]: string;
};

/** Refusals are the client's business; what ends in a 5xx is ours. */
function levelOf({ status, route }: RequestEntry): "error" | "info" | "debug" {
  if (status >= 500) return "error";
  return PROBES.has(route) ? "debug" : "info";
}
