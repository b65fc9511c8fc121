import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RegistryError } from "../errors.ts";
import type { KeyStore, StoredKey } from "./keys.ts";

const NAME = "keys.json";
/** Whoever reads it can make tokens for anybody: it is its owner's alone. */
const MODE = 0o600;

/** Keys in a file of the data folder, which one server has to itself. `DATA_UNUSABLE` when the file is damaged. */
export function keysInFolder(folder: string): KeyStore {
  const file = join(folder, NAME);
  return {
    async read() {
      const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unusable(file, error);
      });
      return text === undefined ? [] : keysIn(text, file);
    },
    replace: (keys) => writeDurably(file, JSON.stringify({ keys }, undefined, 2)),
  };
}

function keysIn(text: string, file: string): StoredKey[] {
  try {
    const { keys } = JSON.parse(text) as { keys: (Omit<StoredKey, "created"> & { created: string })[] };
    return keys.map(({ kid, created, jwk }) => ({ kid, created: new Date(created), jwk }));
  } catch (error) {
    throw unusable(file, error);
  }
}

/** A reader sees the old text or the new one, whole, also after a loss of power. */
async function writeDurably(file: string, text: string): Promise<void> {
  const next = `${file}.next`;
  {
    await using handle = await open(next, "w", MODE);
    await handle.chmod(MODE);
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  }
  await rename(next, file);
  await using folder = await open(dirname(file), "r");
  await folder.sync();
}

function unusable(file: string, cause: unknown): RegistryError {
  return new RegistryError(
    "DATA_UNUSABLE",
    `${file}, which has the keys of tokens, cannot be read. Restore it; or delete it, and all must log in again.`,
    { cause },
  );
}
