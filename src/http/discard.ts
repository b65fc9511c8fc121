import type { IncomingMessage } from "node:http";

/** How long a connection that waits for nothing but its client to close it may be silent, in milliseconds. */
export const LINGER_MS_MAX = 5_000;

/** Bytes of an unwanted body that are read for the sake of the answer; a client that sends more is cut off. */
export const DISCARD_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Reads and drops what is left of a request's body when the answer goes out without it. A connection closed on a client
 * that is still sending is reset, and takes the answer along; one that is left unread never gets to its next request.
 */
export function discardBody(request: IncomingMessage): void {
  if (request.complete) return;
  let left = DISCARD_BYTES_MAX;
  request.on("data", (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) request.destroy();
  });
  // A client may leave now without being missed.
  request.on("error", () => {});
  request.resume();
  const { socket } = request;
  // What Node does with a connection that is not kept alive once the answer is out; it would close it at once.
  socket.destroySoon = () => {
    socket.setTimeout(LINGER_MS_MAX);
    socket.end();
  };
}
