import { lstat, readdir, rename } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { parseDigest, supportedAlgorithm } from "../oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";
import type { StrayFile } from "./blobs.ts";
import { systemCode } from "./disk-errors.ts";
import {
  STORED_ALGORITHMS,
  blobPath,
  blobsFolder,
  createFile,
  makeFolder,
  syncFolder,
} from "./disk-layout.ts";
import { removeFile, uploadsFolder } from "./disk-layout.ts";
import { UPLOAD_ID } from "./disk-uploads.ts";

/** Moves the file of a blob to `quarantine/`, durably, beside any that went there before; false if there is none. */
export async function setAside(root: string, digest: Digest): Promise<boolean> {
  const algorithm = supportedAlgorithm(digest);
  if (algorithm === undefined) return false;
  const path = blobPath(root, digest, algorithm);
  const folder = join(root, "quarantine");
  await makeFolder(folder);
  const target = await freeName(folder, digest.replace(":", "-"));
  try {
    await rename(path, target);
  } catch (error) {
    await removeFile(target, folder);
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
  await syncFolder(folder);
  await syncFolder(dirname(path));
  return true;
}

async function freeName(folder: string, name: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const path = join(folder, attempt === 0 ? name : `${name}.${attempt}`);
    if (await createFile(path)) return path;
  }
}

/** Files below the folders of blobs and uploads that are neither, by their paths from the root. */
export async function* listStray(root: string): AsyncGenerator<StrayFile> {
  for (const folder of [blobsFolder(root), uploadsFolder(root)]) {
    for await (const path of walk(folder)) {
      const stats = isUpload(root, path) || isBlob(root, path) ? undefined : await statIfThere(path);
      if (stats) yield { file: relative(root, path), size: stats.size, changed: stats.mtime };
    }
  }
}

/** Removes a file that {@link listStray} has listed; false if it has gone. */
export function removeStray(root: string, file: string): Promise<boolean> {
  return removeFile(join(root, file), root);
}

async function* walk(folder: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

function isUpload(root: string, path: string): boolean {
  const folder = uploadsFolder(root);
  return dirname(path) === folder && UPLOAD_ID.test(relative(folder, path));
}

function isBlob(root: string, path: string): boolean {
  const [algorithm = "", , encoded = ""] = relative(blobsFolder(root), path).split(sep);
  if (!STORED_ALGORITHMS.includes(algorithm as SupportedAlgorithm)) return false;
  const digest = digestOrNone(`${algorithm}:${encoded}`);
  return digest !== undefined && blobPath(root, digest, algorithm as SupportedAlgorithm) === path;
}

function digestOrNone(text: string): Digest | undefined {
  try {
    return parseDigest(text);
  } catch {
    return undefined;
  }
}

async function statIfThere(path: string): Promise<{ size: number; mtime: Date } | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
}
