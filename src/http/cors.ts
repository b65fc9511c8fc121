import type { IncomingMessage } from "node:http";
import type { Answer } from "./call.ts";

/** What web pages read and send (R36). */
const EXPOSED =
  "Docker-Content-Digest, Link, WWW-Authenticate, ETag, Retry-After, RateLimit, RateLimit-Policy, Supercargo-Revision, Supercargo-Cursor, OCI-Filters-Applied";
const METHODS = "HEAD, GET, OPTIONS, DELETE";
const REQUEST_HEADERS = "Authorization, Accept, Cache-Control, If-None-Match";
/** Seconds for which a browser need not ask again. */
const PREFLIGHT_SECONDS = 600;

/** True for the question a browser asks before it lets a page use the API; it comes without credentials. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === "OPTIONS";
}

/** The answer to a preflight; the origin's permission is in {@link corsHeaders}, as on every answer. */
export function preflight(): Answer {
  return {
    status: 204,
    headers: {
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers": REQUEST_HEADERS,
      "Access-Control-Max-Age": PREFLIGHT_SECONDS,
    },
  };
}

/** Permission for the page that asks, when its origin is among those allowed; nothing for anyone else. */
export function corsHeaders(request: IncomingMessage, allowed: readonly string[]): Record<string, string> {
  const { origin } = request.headers;
  if (allowed.length === 0 || origin === undefined) return {};
  if (allowed.includes("*"))
    return { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED };
  const permission = allowed.includes(origin)
    ? { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED }
    : {};
  return { Vary: "Origin", ...permission };
}
