import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { RegistryError } from "../errors.ts";
import { type FilesState, onFileChange } from "../file-changes.ts";

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

/** What to do with a pair that is read again. */
type Report = {
  readonly changed: (pair: Pair) => void;
  readonly refused: (error: unknown) => void;
  /** How often it is looked, if not as often as usual, in milliseconds. */
  readonly lookMs?: number;
};

/** Calls back with the pair whenever one of the files is another than in a state, or with why it cannot be used. Until disposed of. */
export function watchPair(
  files: PairFiles,
  from: FilesState,
  { changed, refused, lookMs = LOOK_MS }: Report,
): Disposable {
  return onFileChange([files.cert, files.key], {
    from,
    lookMs,
    changed: () => void readPair(files).then(changed, refused),
  });
}
