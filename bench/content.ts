import { createHash, randomBytes } from "node:crypto";
import { type Connection, expectStatus } from "./connection.ts";

const CHUNK_BYTES = 1024 * 1024;

/** Bytes to upload, and their digest. */
export interface Content {
  readonly digest: string;
  readonly length: number;
  chunks(): Iterable<Uint8Array>;
}

/**
 * Many bytes without a file or a large buffer: one random chunk again and again, behind 16 bytes that make each
 * call's content a blob that no registry has seen. `length` is a multiple of 1 MiB.
 */
export function bigContent(length: number): Content {
  const first = randomBytes(CHUNK_BYTES);
  const other = randomBytes(CHUNK_BYTES);
  const chunks = function* (): Iterable<Uint8Array> {
    for (let sent = 0; sent < length; sent += CHUNK_BYTES) yield sent === 0 ? first : other;
  };
  const hash = createHash("sha256");
  for (const chunk of chunks()) hash.update(chunk);
  return { digest: `sha256:${hash.digest("hex")}`, length, chunks };
}

/** `sha256:<hex>` of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Uploads one blob as oras and containerd do: POST, then PUT with the whole body (OCI end-4a, end-6). */
export async function pushBlob(
  connection: Connection,
  repository: string,
  content: Content | Uint8Array,
): Promise<string> {
  const digest = content instanceof Uint8Array ? digestOf(content) : content.digest;
  const opened = await connection.ask({ method: "POST", path: `/v2/${repository}/blobs/uploads/` });
  const location = expectStatus(opened, 202, "open an upload").header("location") ?? "";
  const url = new URL(location, "http://registry");
  url.searchParams.set("digest", digest);
  const sent = await connection.ask({
    method: "PUT",
    path: url.pathname + url.search,
    headers: { "Content-Type": "application/octet-stream" },
    body: content,
  });
  expectStatus(sent, 201, "upload a blob");
  return digest;
}
