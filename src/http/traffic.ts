import type { Socket } from "node:net";

const counted = new WeakMap<Socket, number>();

/**
 * Bytes that a connection has brought since this was last asked: those of one request, head and body, when it is asked
 * at the end of each. A `Content-Length` would not do: docker and podman push blobs without one.
 */
export function bytesArrived(socket: Socket): number {
  const before = counted.get(socket) ?? 0;
  const { bytesRead } = socket;
  counted.set(socket, bytesRead);
  return bytesRead - before;
}
