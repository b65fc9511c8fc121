import type { Readable } from "node:stream";
import { RegistryError } from "../errors.ts";

/**
 * All bytes of a source that has few. `SIZE_EXCEEDED` as soon as there are more than `bytesMax`: what is left is then the
 * caller's, and so is the source, as the answer goes over the same connection. Rejects with the source's error when it
 * breaks off. By its events: to iterate over a stream costs more than to store what comes.
 */
export function readWhole(source: Readable, bytesMax: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer): void => {
    length += chunk.byteLength;
    if (length > bytesMax) return fail(tooLarge(bytesMax));
    chunks.push(chunk);
  };
  const end = (): void => {
    leave();
    resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
  };
  const fail = (error: Error): void => {
    leave();
    source.pause();
    reject(error);
  };
  const close = (): void => fail(source.errored ?? new Error("The source ended too soon."));
  const leave = (): void => {
    source.off("data", take).off("end", end).off("error", fail).off("close", close);
  };
  if (source.readableEnded) end();
  else if (source.destroyed) close();
  else source.on("end", end).on("error", fail).on("close", close).on("data", take);
  return promise;
}

/** The error for more bytes than are taken. */
export function tooLarge(bytesMax: number): RegistryError {
  const message = `The body is larger than the ${bytesMax} bytes that are taken here.`;
  return new RegistryError("SIZE_EXCEEDED", message, { detail: { bytesMax } });
}
