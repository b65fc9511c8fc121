import bcrypt from "bcrypt";
import { createHmac, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import type { Logins } from "./login.ts";
import { isUser } from "./policy.ts";

/** Bytes of a password that bcrypt looks at. */
const PASSWORD_BYTES_MAX = 72;
/** How long a wrong login waits for its answer, in milliseconds. */
const WRONG_MS = 1_000;
/** Passwords that were right lately and need not be worked out again: clients that log in by Basic do so with every request. */
const RIGHT_MAX = 1_000;

/** `$2y$` is what Apache calls the same as `$2b$`. The rounds are 2 to the power of the number; above 14 one login takes seconds. */
const HASH = /^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$/;
/** Compared with where there is no such user, so that this takes as long: nothing is known to have this hash. */
const NOBODYS_HASH = "$2b$10$wrQU7HGIkETXBD9BmzXUI.1GPuIU.dJhXQ3CMvB602A7cchI6Cy4.";

type Users = { readonly hashes: ReadonlyMap<string, string>; readonly changed: Date; readonly mark: string };

/** Users of a file as Apache's `htpasswd -B` writes it, a `name:hash` on each line. Read again when it has changed. */
export class Htpasswd implements Logins {
  readonly #file: string;
  readonly #key = randomBytes(32);
  readonly #onRefused: (error: unknown) => void;
  /** The password of each hash that was right lately, as only this process can tell it. */
  readonly #right = new Map<string, string>();
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

  async login({ name, password }: { name: string; password: string }): Promise<Caller | undefined> {
    const { hashes } = await this.#current();
    const hash = hashes.get(name);
    const isRight = await this.#isRight(password, hash ?? NOBODYS_HASH);
    if (hash !== undefined && isRight) return { user: name, groups: [] };
    await setTimeout(WRONG_MS);
    return undefined;
  }

  async renew(name: string, since: Date): Promise<Caller | undefined> {
    const { hashes, changed } = await this.#current();
    return hashes.has(name) && changed <= since ? { user: name, groups: [] } : undefined;
  }

  async #isRight(password: string, hash: string): Promise<boolean> {
    // Of a longer one only the beginning would be compared.
    if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return false;
    const told = createHmac("sha256", this.#key).update(hash).update(password).digest("base64");
    if (this.#right.get(hash) === told) return true;
    const isRight = await bcrypt.compare(password, hash.replace(/^\$2y/, "$2b"));
    if (!isRight) return false;
    if (this.#right.size >= RIGHT_MAX) this.#right.clear();
    this.#right.set(hash, told);
    return true;
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
