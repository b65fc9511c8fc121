import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { parsePattern } from "../oci/pattern.ts";
import type { Accounts } from "./accounts.ts";
import { isPassword } from "./argon2.ts";
import type { Caller, Grant } from "./caller.ts";
import type { Logins } from "./login.ts";
import type { WrongLogins } from "./wrong-logins.ts";

/** Passwords that were right lately and need not be worked out again: clients that log in by Basic do so with every request. */
const RIGHT_MAX = 1_000;
/** What separates a user from the robot that acts for them. */
const PLUS = "+";
/** Compared with where there is no such user, so that this takes as long. No password is known to have it. */
const NOBODYS_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** What a robot's secret begins with, so that programs which look for leaked secrets can tell it. */
const SECRET_PREFIX = "supercargo_";
const SECRET_BYTES = 32;

/** A new secret for a robot. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
}

/** What is kept of a secret. */
export function digestOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Users and robots that are kept in a database, and the users of `others`, such as a file: these count first. */
export class AccountLogins implements Logins {
  readonly #accounts: Accounts;
  readonly #others: Logins | undefined;
  readonly #wrong: WrongLogins;
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, string>();

  constructor(accounts: Accounts, { others, wrong }: { others: Logins | undefined; wrong: WrongLogins }) {
    this.#accounts = accounts;
    this.#others = others;
    this.#wrong = wrong;
  }

  async login(
    credentials: { readonly name: string; readonly password: string },
    from: { readonly address: string },
  ): Promise<Caller | undefined> {
    const { name, password } = credentials;
    const attempt = await this.#wrong.admit(name, from.address);
    const plus = name.lastIndexOf(PLUS);
    const robot =
      plus > 0 ? await this.#robot(name.slice(0, plus), name.slice(plus + 1), password) : undefined;
    const caller =
      robot ?? (await this.#user(name, password)) ?? (await this.#others?.login(credentials, from));
    attempt.ended(caller !== undefined);
    return caller;
  }

  async renew(name: string, since: Date): Promise<Caller | undefined> {
    const account = await this.#accounts.findUser(name);
    if (account) return account.changed <= since ? { user: name, groups: [] } : undefined;
    return this.#others?.renew(name, since);
  }

  async #user(name: string, password: string): Promise<Caller | undefined> {
    const account = await this.#accounts.findUser(name);
    const isRight = await this.#isRight(password, account?.hash ?? NOBODYS_HASH);
    return account && isRight ? { user: name, groups: [] } : undefined;
  }

  async #robot(user: string, name: string, secret: string): Promise<Caller | undefined> {
    const robot = await this.#accounts.findRobot(user, name);
    const given = Buffer.from(digestOfSecret(secret));
    const isRight = timingSafeEqual(given, Buffer.from(robot?.digest ?? digestOfSecret("")));
    const hasExpired = robot?.expires !== undefined && robot.expires.getTime() <= Date.now();
    if (!robot || !isRight || hasExpired) return undefined;
    // It ends with the user for whom it acts.
    if (!(await this.renew(user, new Date()))) return undefined;
    const actions = new Set(robot.allow);
    const grants = robot.on.flatMap((text): Grant[] => {
      const pattern = parsePattern(text);
      return pattern ? [{ pattern, actions }] : [];
    });
    return { user, groups: [], grants, robot: name };
  }

  async #isRight(password: string, hash: string): Promise<boolean> {
    const told = createHmac("sha256", this.#key).update(hash).update(password).digest("base64");
    if (this.#right.get(hash) === told) return true;
    if (!(await isPassword(password, hash))) return false;
    if (this.#right.size >= RIGHT_MAX) this.#right.clear();
    this.#right.set(hash, told);
    return true;
  }
}
