import type { Digest } from "../oci/digest.ts";
import type { Queryable } from "./engine.ts";

/** What a digest means: the same in every repository and on every node, as long as the catalog has it. */
export type Content = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

/** Memory for all contents together, in bytes. Some ten thousand manifests of images. */
const RECENT_BYTES_MAX = 8 * 1024 * 1024;
/** A larger one is read anew each time, in bytes: a few of them would push out all the others. */
const CONTENT_BYTES_MAX = 64 * 1024;
/** What a content costs beside its bytes, roughly, in bytes. */
const OVERHEAD_BYTES = 512;

/**
 * The manifests that were read last. Reading one from the database takes longer than all else that a pull by tag asks
 * of the catalog, and nearly all pulls are of few manifests. Only what a tag or a repository has now is never kept.
 */
export class RecentContents {
  // The one asked for longest ago comes first.
  readonly #contents = new Map<Digest, Content>();
  #bytes = 0;

  find(digest: Digest): Content | undefined {
    const content = this.#contents.get(digest);
    if (content === undefined) return undefined;
    this.#contents.delete(digest);
    this.#contents.set(digest, content);
    return content;
  }

  /** Keeps a content, at the cost of those asked for longest ago. */
  keep(content: Content): void {
    if (content.bytes.byteLength > CONTENT_BYTES_MAX || this.#contents.has(content.digest)) return;
    this.#contents.set(content.digest, content);
    this.#bytes += costOf(content);
    for (const oldest of this.#contents.values()) {
      if (this.#bytes <= RECENT_BYTES_MAX) break;
      this.#contents.delete(oldest.digest);
      this.#bytes -= costOf(oldest);
    }
  }

  clear(): void {
    this.#contents.clear();
    this.#bytes = 0;
  }
}

/** What a digest means, from memory if it was read lately; `undefined` when the catalog does not have its bytes. */
export async function readContent(
  database: Queryable,
  recent: RecentContents,
  digest: Digest,
): Promise<Content | undefined> {
  const known = recent.find(digest);
  if (known !== undefined) return known;
  const [row] = await database.all<{ media_type: string; bytes: Uint8Array }>(
    `select media_type, bytes from content where digest = ? and bytes is not null`,
    [digest],
  );
  if (row === undefined) return undefined;
  const content = { digest, mediaType: row.media_type, bytes: row.bytes };
  recent.keep(content);
  return content;
}

function costOf({ bytes }: Content): number {
  return bytes.byteLength + OVERHEAD_BYTES;
}
