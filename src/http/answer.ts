import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { RegistryError, type ErrorCode } from "../errors.ts";
import type { Answer } from "./call.ts";

/** Seconds after which a client may try again when the registry is out of reach of its own database. */
const RETRY_AFTER_SECONDS = 5;

/** The status of every code. Those of the command line cannot reach a client; should one, it is our fault: 500. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  PARAMETER_INVALID: 400,
  REQUEST_INVALID: 400,
  REVISION_EXPIRED: 410,
  REVISION_UNKNOWN: 400,
  ROUTE_UNKNOWN: 404,
  SIZE_EXCEEDED: 413,
  STORAGE_FULL: 507,
  ADDRESS_IN_USE: 500,
  CATALOG_LOCKED: 500,
  CATALOG_NEWER: 500,
  CATALOG_UNREACHABLE: 500,
  CHECK_FAILED: 500,
  CONFIG_INVALID: 500,
  DATA_UNUSABLE: 500,
};

/** Headers of every answer (R10). */
const ALWAYS = {
  "Docker-Distribution-Api-Version": "registry/2.0",
  "X-Content-Type-Options": "nosniff",
} as const;

/** The answer to a failure: what a `RegistryError` says, in the form of distribution-spec "Error Codes"; nothing of any other. */
export function failure(
  error: unknown,
  requestId: string,
  extra: Readonly<Record<string, string | number>> = {},
): Answer & { readonly body: string } {
  const known =
    error instanceof RegistryError && STATUS[error.code] !== 500 ? error : internal(error, requestId);
  const { code, message, detail } = known;
  const body = { errors: [{ code, message, ...(detail !== undefined && { detail }) }] };
  const headers = { "Content-Type": "application/json", ...headersOf(known), ...extra };
  return { status: STATUS[code], headers, body: JSON.stringify(body) };
}

function internal(cause: unknown, requestId: string): RegistryError {
  return new RegistryError(
    "UNKNOWN",
    `The registry failed. Tell its operator the request id ${requestId}, by which the log says why.`,
    { cause },
  );
}

function headersOf({ code, detail }: RegistryError): Record<string, string | number> {
  if (code === "UNAVAILABLE") return { "Retry-After": RETRY_AFTER_SECONDS };
  if (code === "UNSUPPORTED" && isAllowed(detail)) return { Allow: detail.allowed.join(", ") };
  return {};
}

function isAllowed(detail: unknown): detail is { allowed: string[] } {
  return (
    typeof detail === "object" && detail !== null && "allowed" in detail && Array.isArray(detail.allowed)
  );
}

/**
 * Writes an answer and resolves with the bytes of its body when they have been handed over. Rejects when its stream fails
 * or ends too soon; the connection is then of no more use.
 */
export async function send(
  response: ServerResponse,
  answer: Answer,
  { requestId, isHead }: { requestId: string; isHead: boolean },
): Promise<number> {
  const { status, headers = {}, body = "" } = answer;
  const all: Record<string, string | number> = { ...ALWAYS, "X-Request-Id": requestId, ...headers };
  if (body instanceof Readable) {
    const length = Number(all["Content-Length"]);
    response.writeHead(status, all);
    return stream(body, response, length);
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  if (status !== 204 && status !== 304) all["Content-Length"] ??= length;
  response.writeHead(status, all);
  response.end(isHead || length === 0 ? undefined : body);
  return isHead ? 0 : length;
}

/** A stream that ends before its length is a failure: the client would wait for the rest. */
async function stream(body: Readable, response: ServerResponse, length: number): Promise<number> {
  let sent = 0;
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      sent += chunk.byteLength;
      yield chunk;
    }
    if (sent !== length) throw new Error(`The stream ended after ${sent} of ${length} bytes.`);
  }
  try {
    await pipeline(body, counted, response);
  } catch (error) {
    // A client that has it all may close the connection before the stream is seen to end.
    if (sent !== length || !isGone(error)) throw error;
  }
  return sent;
}

/** How writing to a client who has left fails. */
const GONE: ReadonlySet<unknown> = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE"]);

/** True when {@link send} failed because the client has left. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && GONE.has(error.code);
}
