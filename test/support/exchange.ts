import assert from "node:assert/strict";
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ERROR_CODES, type ErrorCode } from "../../src/errors.ts";
import { keepAuthorization, keepSecret } from "./run-log.ts";

/** Longest wait for an answer, in milliseconds: only a server that hangs takes so long. */
const ANSWER_MS_MAX = 30_000;

/** Connections are kept and used again, as clients do. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export type Sent = {
  readonly headers?: OutgoingHttpHeaders;
  /** A stream goes out with chunked transfer, all else with a Content-Length. */
  readonly body?: string | Uint8Array | Readable;
};

export type Received = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they stood on the wire, in turn. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
};

/** What an answer has to be; what is not named may be anything. */
export type Expected = {
  readonly status: number;
  readonly code?: ErrorCode;
  /** By lower-case name; `undefined` for a header that must not be there. */
  readonly headers?: Readonly<Record<string, string | number | RegExp | undefined>>;
  readonly json?: unknown;
  readonly bytes?: string | Uint8Array;
};

/** One request, such as `GET /v2/` in one text, and its answer. The target goes out exactly as given. */
export async function send(
  host: string,
  requestLine: string,
  { headers = {}, body }: Sent = {},
): Promise<Received> {
  const [method, target] = divided(requestLine);
  keepAuthorization(headers["Authorization"] ?? headers["authorization"]);
  if (typeof body === "string" && target.includes("/token")) {
    const form = new URLSearchParams(body);
    for (const name of ["password", "refresh_token"]) keepSecret(form.get(name) ?? "");
  }
  const [hostname, port] = host.split(":");
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const length =
    body === undefined || body instanceof Readable ? {} : { "Content-Length": Buffer.byteLength(body) };
  const outgoing = request(
    {
      agent,
      method,
      path: target,
      hostname,
      port,
      headers: { ...length, ...headers },
      timeout: ANSWER_MS_MAX,
    },
    (answer) => {
      const { statusCode = 0, headers: answered, rawHeaders } = answer;
      buffer(answer).then(
        (bytes) => resolve({ status: statusCode, headers: answered, rawHeaders, bytes }),
        reject,
      );
    },
  );
  // After an early answer the rest of the body may meet a closed connection; the answer counts.
  outgoing.on("error", reject);
  outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer to ${requestLine.slice(0, 200)}`)));
  if (body instanceof Readable) body.pipe(outgoing);
  else outgoing.end(body);
  return promise;
}

/** Sends a request and holds the answer to what is expected. A failure must have the form that failures have. */
export async function expectAnswer(
  host: string,
  requestLine: string,
  { send: sent = {}, ...expected }: Expected & { readonly send?: Sent },
): Promise<Received> {
  const answer = await send(host, requestLine, sent);
  const about = `${requestLine.slice(0, 200)} → ${answer.status} ${answer.bytes.toString("utf8", 0, 500)}`;
  assert.equal(answer.status, expected.status, about);
  const isHead = requestLine.startsWith("HEAD ");
  if (expected.status >= 400 && !isHead) {
    const code = failureCode(answer);
    if (expected.code !== undefined) assert.equal(code, expected.code, about);
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const actual = answer.headers[name];
    if (value instanceof RegExp) assert.match(String(actual), value, `${name} of ${about}`);
    else assert.equal(actual, value === undefined ? undefined : String(value), `${name} of ${about}`);
  }
  if (expected.json !== undefined) assert.deepEqual(jsonOf(answer), expected.json, about);
  if (expected.bytes !== undefined) assert.ok(Buffer.from(expected.bytes).equals(answer.bytes), about);
  return answer;
}

/** The code of a failure, whose body must be that of distribution-spec "Error Codes", with a code of the closed set. */
export function failureCode(answer: Received): ErrorCode {
  assert.equal(answer.headers["content-type"], "application/json");
  const { errors, ...rest } = jsonOf(answer) as { errors: { code: ErrorCode; message: string }[] };
  assert.deepEqual(rest, {});
  const [error] = errors;
  assert.ok(errors.length === 1 && error, "one error is told");
  assert.ok(ERROR_CODES.includes(error.code), `${error.code} is not a code`);
  assert.ok(error.message.length > 10, "the message is a sentence");
  return error.code;
}

export function jsonOf(answer: Received): unknown {
  return JSON.parse(answer.bytes.toString()) as unknown;
}

/** Writes bytes on a connection of its own and resolves with all that comes back until the other side ends it. */
export async function sendRaw(
  host: string,
  bytes: string | Uint8Array,
  { end = true }: { end?: boolean } = {},
): Promise<string> {
  const [hostname, port] = host.split(":");
  const socket = connect({ host: hostname ?? "", port: Number(port), allowHalfOpen: true });
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error("the connection stays open")));
  let received = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("end", () => socket.end());
  socket.on("close", () => resolve(received));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // A server may end a connection whose bytes it will not read; what it said before counts.
    if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
  });
  if (end) socket.end(bytes);
  else socket.write(bytes);
  return promise;
}

function divided(requestLine: string): [method: string, target: string] {
  const space = requestLine.indexOf(" ");
  return [requestLine.slice(0, space), requestLine.slice(space + 1)];
}
