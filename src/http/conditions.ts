import type { IncomingMessage } from "node:http";
import type { Answer } from "./call.ts";

/** The strong validator of something that a text identifies, such as a digest. */
export function etagOf(text: string): string {
  return `"${text}"`;
}

/** Characters of a view's key in a validator: enough that no two views are taken for one. */
const READERS_SHOWN = 16;

/**
 * The weak validator of a page: what it depends on, and whom it is for, if they see a part of the registry. So nobody is
 * told that a page has not changed which they have from somebody else, or from before the policy was another one.
 */
export function pageEtag(parts: readonly (string | number)[], readers: string | undefined): string {
  return `W/"${[...parts, ...(readers === undefined ? [] : [readers.slice(0, READERS_SHOWN)])].join("-")}"`;
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

/** Headers by which what one caller was answered is kept from all others, on its way and in their own machines. */
export function forCaller(
  { headers = {} }: Answer,
  { Vary: varies }: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    "Cache-Control": String(headers["Cache-Control"] ?? "private"),
    Vary: varies === undefined ? "Authorization" : `${varies}, Authorization`,
  };
}
