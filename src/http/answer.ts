import type { ServerResponse } from "node:http";
import type { BlobContent } from "../blobs/blobs.ts";
import { RegistryError, type ErrorCode } from "../errors.ts";
import type { Answer, Flow } from "./call.ts";

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
  WEBHOOK_UNKNOWN: 404,
  ADDRESS_IN_USE: 500,
  CATALOG_LOCKED: 500,
  CATALOG_NEWER: 500,
  CATALOG_UNREACHABLE: 500,
  CHECK_FAILED: 500,
  CONFIG_INVALID: 500,
  DATA_UNUSABLE: 500,
};

/** Headers of every answer (R10), names and values in turns. */
const ALWAYS: readonly string[] = Object.entries({
  "Docker-Distribution-Api-Version": "registry/2.0",
  "X-Content-Type-Options": "nosniff",
  // Should a browser show something of this as a page, it may do nothing there, be in no other page, and tell nobody.
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "Referrer-Policy": "no-referrer",
}).flat();

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
  if (code === "TOOMANYREQUESTS" && hasWait(detail)) return { "Retry-After": detail.retryAfter };
  if (code === "UNAVAILABLE") return { "Retry-After": RETRY_AFTER_SECONDS };
  if (code === "UNSUPPORTED" && isAllowed(detail)) return { Allow: detail.allowed.join(", ") };
  return {};
}

function hasWait(detail: unknown): detail is { retryAfter: number } {
  return typeof detail === "object" && detail !== null && "retryAfter" in detail;
}

function isAllowed(detail: unknown): detail is { allowed: string[] } {
  return (
    typeof detail === "object" && detail !== null && "allowed" in detail && Array.isArray(detail.allowed)
  );
}

export type Sending = {
  /** Headers beside the answer's own, and in place of those of the same names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isHead: boolean;
};

/** The rest of an answer that is there as a whole. */
export type Rest = {
  /** Of the body. */
  readonly bytes: number;
  /** Sends head and body. Does not throw. */
  readonly send: () => void;
};

/**
 * Begins to write an answer, and gives what is left to do; of a stream, the bytes of its body, when they have been handed
 * over. Fails when a stream does or ends too soon; the connection is then of no more use.
 */
export function send(
  response: ServerResponse,
  answer: Answer,
  { headers, isHead }: Sending,
): Rest | Promise<number> {
  const { status, headers: own = {}, body = "" } = answer;
  const all = headersIn(own, headers);
  if (typeof body !== "string" && "flow" in body) {
    response.writeHead(status, all);
    return sendFlow(response, body, isHead);
  }
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    response.writeHead(status, all);
    return sendBlob(response, body, Number(own["Content-Length"]));
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  const isMeasured = status === 204 || status === 304 || own["Content-Length"] !== undefined;
  if (!isMeasured) all.push("Content-Length", length);
  response.writeHead(status, all);
  const content = isHead || length === 0 ? undefined : body;
  return { bytes: isHead ? 0 : length, send: () => response.end(content) };
}

/** Names and values in turns: of an object, Node takes twice as long to write them. */
function headersIn(own: Headers, besides: Headers): (string | number)[] {
  const all: (string | number)[] = [...ALWAYS];
  for (const name in own) if (!(name in besides)) all.push(name, own[name]!);
  for (const name in besides) all.push(name, besides[name]!);
  return all;
}

type Headers = Readonly<Record<string, string | number>>;

/** A blob that ends before its length is a failure: the client would wait for the rest. */
async function sendBlob(response: ServerResponse, blob: BlobContent, length: number): Promise<number> {
  await using body = blob;
  const write = writerOf(response);
  let sent = 0;
  for await (const chunk of body.chunks) {
    await write(chunk);
    sent += chunk.byteLength;
  }
  if (sent !== length) throw new Error(`The blob ended after ${sent} of ${length} bytes.`);
  response.end();
  return sent;
}

/** Text as it comes, each piece when the one before has been taken. */
async function sendFlow(response: ServerResponse, body: Flow, isHead: boolean): Promise<number> {
  using _ = body;
  let sent = 0;
  if (!isHead) {
    const write = writerOf(response);
    response.flushHeaders();
    // One piece is on its way while the next is made, and no more.
    let underWay = Promise.resolve();
    for await (const text of body.flow) {
      const bytes = Buffer.from(text);
      await underWay;
      underWay = write(bytes);
      // Looked at with the next piece, or at the end.
      underWay.catch(() => undefined);
      sent += bytes.byteLength;
    }
    await underWay;
  }
  response.end();
  return sent;
}

/** A way to write that resolves when the bytes are no longer needed, and rejects when the client is gone meanwhile. */
function writerOf(response: ServerResponse): (chunk: Uint8Array) => Promise<void> {
  let leave: ((gone: Error) => void) | undefined;
  let gone: Error | undefined;
  const end = (cause?: unknown): void => {
    gone ??= new ClientGone("The client has closed the connection.", { cause });
    leave?.(gone);
  };
  response.once("close", end).on("error", end);
  return (chunk) =>
    new Promise((resolve, reject) => {
      if (gone ?? response.destroyed) return reject(gone ?? new ClientGone("The client had left already."));
      leave = reject;
      response.write(chunk, (error) => (error ? end(error) : resolve()));
    });
}

class ClientGone extends Error {}

/** True when {@link send} failed because the client has left. */
export function isGone(error: unknown): boolean {
  return error instanceof ClientGone;
}
