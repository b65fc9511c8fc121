import { access } from "node:fs/promises";
import { RegistryError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";

/** What the system says of a path at which there is nothing, or a link where we never made one. */
const ABSENT = ["ENOENT", "ELOOP"];
const FULL = ["ENOSPC", "EDQUOT"];

/** The system's name of an error, such as `ENOENT`; undefined if the system did not make it. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Does `work` on the blob folder. What the system refuses becomes `STORAGE_FULL`, or `otherwise`, with a sentence
 * that starts "Cannot <doing>"; the system's own words, which name paths, are only its cause. All else passes.
 */
export async function onDisk<T>(
  doing: string,
  work: () => Promise<T>,
  otherwise: ErrorCode = "UNAVAILABLE",
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (FULL.includes(code)) {
      const message = `Cannot ${doing}: the disk with the blobs is full (${code}). Free space on it, then try again.`;
      throw new RegistryError("STORAGE_FULL", message, { cause: error });
    }
    const message = `Cannot ${doing}: the blob folder answered ${code}. Its owner finds the reason in the log.`;
    throw new RegistryError(otherwise, message, { cause: error });
  }
}

/**
 * The outcome of `work` on something below the folder `within`, or undefined if that is not there. The folder itself
 * always is: without it nothing can be said, and that is an error.
 */
export async function unlessAbsent<T>(within: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!ABSENT.includes(systemCode(error) ?? "")) throw error;
    await access(within);
    return undefined;
  }
}
