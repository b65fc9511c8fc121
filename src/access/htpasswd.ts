import bcrypt from "bcrypt";
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { RegistryError } from "../errors.ts";
import { callerBy, type Caller } from "./caller.ts";
import type { KeptPassword } from "./password-checks.ts";
import { isUser } from "./policy.ts";

/** Bytes of a password that bcrypt looks at. */
const PASSWORD_BYTES_MAX = 72;

/** `$2y$` is what Apache calls the same as `$2b$`. The rounds are 2 to the power of the number; above 14 one login takes seconds. */
const HASH = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/;
/** Rounds of a hash for nobody where there are no users to be like, as a power of 2, and all of it that follows: nothing is known to have it. */
const NOBODYS_ROUNDS = "10";
const NOBODYS_REST = "wrQU7HGIkETXBD9BmzXUI.1GPuIU.dJhXQ3CMvB602A7cchI6Cy4.";

type Users = { readonly hashes: ReadonlyMap<string, string>; readonly changed: Date; readonly mark: string };

/** Users of a file as Apache's `htpasswd -B` writes it, a `name:hash` on each line. Read again when it has changed. */
export class Htpasswd {
  readonly #file: string;
  readonly #onRefused: (error: unknown) => void;
  #users: Users;

  private constructor(file: string, users: Users, onRefused: (error: unknown) => void) {
    this.#file = file;
    this.#users = users;
    this.#onRefused = onRefused;
  }

  /**
   * Reads the file. One that has changed and is wrong later on goes to `onRefused`, and what was there before holds.
   * @throws CONFIG_INVALID when it cannot be read, or a line is wrong
   */
  static async open(file: string, onRefused: (error: unknown) => void): Promise<Htpasswd> {
    return new Htpasswd(file, await readUsers(file), onRefused);
  }

  /** What the file has for this name, or what takes as long to compare with. */
  async find(name: string): Promise<KeptPassword> {
    const { hashes } = await this.#current();
    const kept = hashes.get(name);
    return {
      hash: kept ?? hashForNobody(name, [...hashes.values()]),
      isSomebodys: kept !== undefined,
      compare,
    };
  }

  /** The caller that has this name, if the file has not changed since then. */
  async renew(name: string, since: Date): Promise<Caller | undefined> {
    const { hashes, changed } = await this.#current();
    const kept = hashes.get(name);
    return kept !== undefined && changed <= since ? callerBy(name, kept) : undefined;
  }

  async #current(): Promise<Users> {
    try {
      if ((await markOf(this.#file)).mark !== this.#users.mark) this.#users = await readUsers(this.#file);
    } catch (error) {
      this.#onRefused(error);
    }
    return this.#users;
  }
}

/**
 * A hash to compare with for a name that is not in the file. It has as many rounds as some user's, always the same for one
 * name: so the time tells no more of it than of the names that are there.
 */
export function hashForNobody(name: string, hashes: readonly string[]): string {
  const drawn = createHash("sha256").update(name).digest().readUInt32BE();
  const like = hashes[drawn % Math.max(1, hashes.length)];
  const [, rounds = NOBODYS_ROUNDS] = HASH.exec(like ?? "") ?? [];
  return `$2b$${rounds}$${NOBODYS_REST}`;
}

async function compare(password: string, kept: string): Promise<boolean> {
  // Of a longer one only the beginning would be compared.
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return false;
  return bcrypt.compare(password, kept.replace(/^\$2y/, "$2b"));
}

async function markOf(file: string): Promise<{ mark: string; changed: Date }> {
  const { mtimeMs, mtime, size, ino } = await stat(file);
  return { mark: `${mtimeMs} ${size} ${ino}`, changed: mtime };
}

async function readUsers(file: string): Promise<Users> {
  try {
    const mark = await markOf(file);
    return { ...mark, hashes: usersIn(await readFile(file, "utf8"), file) };
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    const message = `The file of users, ${file}, cannot be read: ${(error as Error).message}.`;
    throw new RegistryError("CONFIG_INVALID", message, { cause: error });
  }
}

/** Comments and empty lines apart, all lines must be right: a user who is left out would find no reason. */
function usersIn(text: string, file: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const [name, hash] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (!isUser(name) || !HASH.test(hash)) throw wrongLine(file, at + 1);
    users.set(name, hash);
  }
  return users;
}

function wrongLine(file: string, line: number): RegistryError {
  const message =
    `${file}, line ${line}, is not name:hash with a bcrypt hash of 4 to 14 rounds. ` +
    "Write it with: htpasswd -B FILE NAME";
  return new RegistryError("CONFIG_INVALID", message, { detail: { file, line } });
}
