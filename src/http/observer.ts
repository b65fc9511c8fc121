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
      const { path, ms, error } = entry;
      // What is undefined is left out.
      const line = { ...entry, path: loggedPath(path), ms: Math.round(ms * 1000) / 1000, error: undefined };
      if (error === undefined) plain[level](line, "request");
      else log[level]({ ...line, err: error }, "request");
    },
  };
}

/**
 * The same log for lines of nothing but texts and numbers. Each is made by one call of `JSON.stringify`, for a quarter of what
 * it costs the logger to look at each member; most of what a small request took beside HTTP was its line.
 */
function plainLinesOf(log: Logger): Logger {
  const { [pino.symbols.lsCacheSym]: begins, [pino.symbols.chindingsSym]: bindings } =
    log as unknown as Insides;
  const asJson = (...[line, message, level, time]: [object, string, number, string]): string =>
    `${begins[level]}${time}${bindings},${JSON.stringify(line).slice(1, -1)},"msg":"${message}"}\n`;
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
