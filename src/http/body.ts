import type { IncomingMessage } from "node:http";
import { RegistryError } from "../errors.ts";

/** Reads a whole request body. `SIZE_EXCEEDED` as soon as it is longer than `bytesMax`. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let length = 0;
  // Ending the loop early must not destroy the request: the answer goes over the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): RegistryError {
  return new RegistryError(
    "SIZE_EXCEEDED",
    `The body is larger than the ${bytesMax} bytes that are taken here.`,
    {
      detail: { bytesMax },
    },
  );
}
