import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RegistryError } from "../errors.ts";
import { failure } from "./answer.ts";
import { DISCARD_BYTES_MAX, LINGER_MS_MAX } from "./discard.ts";

/** Statuses of what the HTTP parser refuses, by its error code; anything else is 400. */
const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const SENTENCES: Readonly<Record<number, string>> = {
  400: "The request is not valid HTTP/1.1, or broke off.",
  408: "The request's line and headers took too long to arrive. Send them at once.",
  413: "The extensions of a chunk are too long. Send chunks without extensions.",
  431: "The request's line and headers are too long. Ask for less at once.",
};

/** How many bytes had been read from a connection when it was refused. */
const refusedAt = new WeakMap<Socket, number>();

/**
 * Answers bytes that are no request, on the bare connection, and ends it. `running` are the answers still owed on that
 * connection: one that has begun must not have another written into it, and one that waits for a body gets none.
 */
export function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  running: readonly ServerResponse[],
): void {
  const before = refusedAt.get(socket);
  if (before !== undefined) {
    // What else arrives is read and dropped, so that the answer is not lost with the connection.
    if (socket.bytesRead - before > DISCARD_BYTES_MAX) socket.destroy();
    return;
  }
  refusedAt.set(socket, socket.bytesRead);
  if (!socket.writable || error.code === "ECONNRESET" || running.some((response) => response.headersSent)) {
    socket.destroy();
    return;
  }
  socket.setTimeout(LINGER_MS_MAX);
  socket.end(refusal(STATUS_OF[error.code ?? ""] ?? 400), () => {
    if (running.length > 0) socket.destroy();
  });
}

function refusal(status: number): string {
  const { headers, body } = failure(new RegistryError("REQUEST_INVALID", SENTENCES[status] ?? ""), "");
  const all = { ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`;
}
