import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { BlobContent, Blobs } from "../../src/blobs/blobs.ts";
import { RegistryError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../../src/oci/digest.ts";
import { waitFor } from "./condition.ts";

/** A source of exactly these chunks. */
export function sourceOf(...chunks: readonly Uint8Array[]): Readable {
  return Readable.from(chunks);
}

/** A source that has these bytes, and after them nothing more: neither bytes nor an end. */
export function stalledSource(...chunks: readonly Uint8Array[]): Readable {
  const source = new Readable({ read() {} });
  for (const chunk of chunks) source.push(chunk);
  return source;
}

/** Resolves when all that a stalled source has was taken from it. */
export async function drained(source: Readable): Promise<void> {
  await waitFor("the source to be read", () => source.readableLength === 0);
}

/** Stores a blob the way every registry does, and gives its digest. */
export async function store(
  blobs: Blobs,
  bytes: Uint8Array,
  algorithm: SupportedAlgorithm = "sha256",
): Promise<Digest> {
  const id = randomUUID();
  const digest = digestOf(bytes, algorithm);
  await blobs.startUpload(id, algorithm);
  await blobs.append(id, sourceOf(bytes));
  await blobs.finishUpload(id, digest);
  return digest;
}

/** All bytes of a blob that is stored. */
export async function bytesOf(blobs: Blobs, digest: Digest): Promise<Buffer> {
  const content = await blobs.read(digest);
  assert.ok(content, `${digest} is not stored`);
  return collect(content);
}

/** All bytes of an open blob, which is closed then. */
export async function collect(content: BlobContent): Promise<Buffer> {
  await using open = content;
  const copies: Buffer[] = [];
  for await (const chunk of open.chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

/** Everything that a list has. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Waits for a failure with this code. */
export async function rejects(outcome: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(outcome, (error: unknown) => {
    assert.ok(error instanceof RegistryError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
