import { unwatchFile, watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { RegistryError } from "../errors.ts";

/** A certificate with those that vouch for it, and its key, both as PEM. */
export type Pair = { readonly cert: string; readonly key: string };

/** Where they are. */
export type PairFiles = { readonly cert: string; readonly key: string };

/** How often it is looked whether the files have changed, in milliseconds. */
const LOOK_MS = 2_000;

/** Reads a certificate and its key. `CONFIG_INVALID` when they cannot be read, or do not go together. */
export async function readPair({ cert, key }: PairFiles): Promise<Pair> {
  try {
    const pair = { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError(
      "CONFIG_INVALID",
      `The certificate ${cert} and the key ${key} cannot be used: ${reason}. Both must be PEM, and belong together.`,
      { cause },
    );
  }
}

/** Calls back with the pair whenever one of the files has changed, or with why it cannot be used. Until disposed of. */
export function watchPair(
  files: PairFiles,
  {
    changed,
    refused,
    lookMs = LOOK_MS,
  }: {
    readonly changed: (pair: Pair) => void;
    readonly refused: (error: unknown) => void;
    readonly lookMs?: number;
  },
): Disposable {
  const look = (): void => void readPair(files).then(changed, refused);
  const paths = [files.cert, files.key];
  for (const path of paths) watchFile(path, { persistent: false, interval: lookMs }, look);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, look);
    },
  };
}
