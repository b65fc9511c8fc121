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
  const read = async (): Promise<readonly StoredKey[]> => {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw unusable(file, error);
    });
    return text === undefined ? [] : keysIn(text, file);
  };
  const write = (keys: readonly StoredKey[]): Promise<void> =>
    writeDurably(file, JSON.stringify({ keys }, undefined, 2));
  return {
    read,
    add: async (key) => write([...(await read()), key]),
    remove: async (kid) => write((await read()).filter((key) => key.kid !== kid)),
  };
}

type Written = { readonly kid: unknown; readonly created: unknown; readonly jwk: StoredKey["jwk"] };

function keysIn(text: string, file: string): StoredKey[] {
  try {
    const { keys } = JSON.parse(text) as { keys: readonly Written[] };
    return keys.map(keyOf);
  } catch (error) {
    throw unusable(file, error);
  }
}

/** One that is not as it was written would fail later, in the middle of somebody's login. */
function keyOf({ kid, created, jwk }: Written): StoredKey {
  const made = new Date(String(created));
  const isWhole = typeof kid === "string" && typeof jwk.d === "string" && !Number.isNaN(made.getTime());
  if (!isWhole) throw new Error("A key is not whole.");
  return { kid, created: made, jwk };
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
