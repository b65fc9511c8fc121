import { lstat, mkdir, open, readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestParts } from "../oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";
import { systemCode, unlessAbsent } from "./disk-errors.ts";

/** What can be stored: every algorithm that the registry can verify. */
export const STORED_ALGORITHMS: readonly SupportedAlgorithm[] = ["sha256", "sha512"];

/** Every shard's name: the first two digits of an encoded digest. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, n) =>
  n.toString(16).padStart(2, "0"),
);

/** The folder of one shard's blobs. */
export function shardFolder(folder: string, algorithm: SupportedAlgorithm, shard: string): string {
  return join(folder, "blobs", algorithm, shard);
}

/** Where the blob of a digest is, if it is stored. */
export function blobPath(folder: string, digest: Digest, algorithm: SupportedAlgorithm): string {
  const { encoded } = digestParts(digest);
  return join(shardFolder(folder, algorithm, encoded.slice(0, 2)), encoded);
}

/** The folder of the unfinished uploads, the only place where unfinished bytes ever are. */
export function uploadsFolder(folder: string): string {
  return join(folder, "uploads");
}

/**
 * Makes every folder that a store in `folder` needs, durably. All shards are there from the start, so that later on
 * a missing one means an outage, and a new blob needs no more than its own shard to be synced.
 */
export async function makeFolders(folder: string): Promise<void> {
  await makeFolder(folder);
  await mkdir(uploadsFolder(folder), { recursive: true });
  for (const algorithm of STORED_ALGORITHMS) {
    const parent = join(folder, "blobs", algorithm);
    await mkdir(parent, { recursive: true });
    const present = new Set(await readdir(parent));
    for (const shard of SHARDS) {
      if (!present.has(shard)) await mkdir(shardFolder(folder, algorithm, shard), { recursive: true });
    }
    await syncFolder(parent);
  }
  await syncFolder(join(folder, "blobs"));
  await syncFolder(folder);
}

/** Makes a folder and what is missing above it, durably. Folders that were there before need not be readable. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  let parent = folder;
  do {
    parent = dirname(parent);
    await syncFolder(parent);
  } while (parent !== dirname(first));
}

/** Makes the names in a folder durable: those that came as well as those that went. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

/** Size in bytes and last change of a plain file; undefined if there is none, or something else by that name. */
export async function findFile(path: string): Promise<{ size: number; changed: Date } | undefined> {
  const stats = await unlessAbsent(dirname(path), () => lstat(path));
  return stats?.isFile() ? { size: stats.size, changed: stats.mtime } : undefined;
}

/** Makes an empty file; false if there is something by that name. */
export async function createFile(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.close();
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a file; false if there was none. */
export async function removeFile(path: string): Promise<boolean> {
  const removed = await unlessAbsent(dirname(path), async () => {
    await unlink(path);
    return true;
  });
  return removed ?? false;
}
