import type { IncomingMessage } from "node:http";
import type { Answer } from "./call.ts";

/** The strong validator of something that a text identifies, such as a digest. */
export function etagOf(text: string): string {
  return `"${text}"`;
}

/** True when the client has this version already (RFC 9110, If-None-Match; weak comparison). */
export function isFresh(request: IncomingMessage, etag: string): boolean {
  const held = request.headers["if-none-match"];
  if (held === undefined) return false;
  return held
    .split(",")
    .some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag.replace(/^W\//, ""));
}

/** The answer to a client that has this version already. */
export function notModified(headers: Readonly<Record<string, string>>): Answer {
  return { status: 304, headers };
}
