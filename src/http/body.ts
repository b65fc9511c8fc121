import type { IncomingMessage } from "node:http";
import { readWhole, tooLarge } from "../registry/read-whole.ts";

/** Reads a whole request body. `SIZE_EXCEEDED` as soon as it is, or is said to be, longer than `bytesMax`. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  return readWhole(request, bytesMax);
}
