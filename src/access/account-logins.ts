import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { parsePattern } from "../oci/pattern.ts";
import type { Accounts, Robot } from "./accounts.ts";
import { isPassword } from "./argon2.ts";
import { callerBy, markOf, type Caller, type Grant } from "./caller.ts";
import type { Htpasswd } from "./htpasswd.ts";
import { LatelyRight } from "./lately-right.ts";
import type { Credentials, Logins } from "./login.ts";
import { networkOf } from "./network.ts";
import { type KeptPassword, PasswordChecks } from "./password-checks.ts";
import { isUser } from "./policy.ts";
import { Standing } from "./standing.ts";
import type { WrongLogins } from "./wrong-logins.ts";

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

type Options = {
  readonly others: Htpasswd | undefined;
  readonly wrong: WrongLogins;
  readonly checks?: PasswordChecks;
  readonly now?: () => number;
};

/** Users and robots that are kept in a database, and the users of `others`, a file: whose password it is logs in. */
export class AccountLogins implements Logins {
  readonly #accounts: Accounts;
  readonly #others: Htpasswd | undefined;
  readonly #wrong: WrongLogins;
  readonly #checks: PasswordChecks;
  readonly #lately: LatelyRight;
  readonly #standing: Standing;
  readonly #now: () => number;

  constructor(accounts: Accounts, { others, wrong, checks = new PasswordChecks(), now = Date.now }: Options) {
    this.#accounts = accounts;
    this.#others = others;
    this.#wrong = wrong;
    this.#checks = checks;
    this.#lately = new LatelyRight(now);
    this.#standing = new Standing((caller) => this.#marksOf(caller), now);
    this.#now = now;
  }

  /**
   * Robots, whose secrets nobody guesses, and who was right from there lately are answered at once, whatever goes on
   * there; all others when it is their turn.
   * @throws TOOMANYREQUESTS when that would take too long
   */
  async login(credentials: Credentials, from: { readonly address: string }): Promise<Caller | undefined> {
    const { name, password } = credentials;
    const network = networkOf(from.address);
    const robot = await this.#robot(credentials);
    if (robot) return robot;
    const known = this.#lately.mayTry(name, network, password)
      ? this.#checks.known(password, await this.#kept(name))
      : undefined;
    const kept = known ?? (await this.#inTurn(credentials, network));
    if (kept) this.#lately.note(name, network);
    return kept && callerBy(name, kept.hash);
  }

  async #inTurn({ name, password }: Credentials, network: string): Promise<KeptPassword | undefined> {
    using attempt = await this.#wrong.admit(name, network, { wasRight: this.#lately.has(name, network) });
    const kept = await this.#checks.find(password, await this.#kept(name), attempt.mayGoOn);
    attempt.ended(kept !== undefined);
    return kept;
  }

  async renew(name: string, since: Date): Promise<Caller | undefined> {
    const account = await this.#accounts.findUser(name);
    if (account) return account.changed <= since ? callerBy(name, account.hash) : undefined;
    return this.#others?.renew(name, since);
  }

  isStillThere(caller: Caller): Promise<boolean> {
    return this.#standing.has(caller);
  }

  async #marksOf({ user = "", robot }: Caller): Promise<readonly string[]> {
    if (robot !== undefined) {
      const { digest } = (await this.#findRobot(user, robot)) ?? {};
      return digest === undefined ? [] : [markOf(digest)];
    }
    const kept = await this.#kept(user);
    return kept.flatMap(({ hash, isSomebodys }) => (isSomebodys ? [markOf(hash)] : []));
  }

  /** What passwords of that name are compared with: as many whoever it is, so that the time tells nobody. */
  async #kept(name: string): Promise<readonly KeptPassword[]> {
    // What cannot be a name is not asked for: not all databases take all text.
    const account = isUser(name) ? await this.#accounts.findUser(name) : undefined;
    const own = {
      hash: account?.hash ?? NOBODYS_HASH,
      isSomebodys: account !== undefined,
      compare: isPassword,
    };
    return this.#others ? [own, await this.#others.find(name)] : [own];
  }

  async #robot({ name: login, password: secret }: Credentials): Promise<Caller | undefined> {
    const plus = login.lastIndexOf(PLUS);
    if (plus < 1 || !isUser(login)) return undefined;
    const [user, name] = [login.slice(0, plus), login.slice(plus + 1)];
    const robot = await this.#findRobot(user, name);
    const given = Buffer.from(digestOfSecret(secret));
    const isRight = timingSafeEqual(given, Buffer.from(robot?.digest ?? digestOfSecret("")));
    if (!robot || !isRight) return undefined;
    const actions = new Set(robot.allow);
    const grants = robot.on.flatMap((text): Grant[] => {
      const pattern = parsePattern(text);
      return pattern ? [{ pattern, actions }] : [];
    });
    const { expires } = robot;
    return { ...callerBy(user, robot.digest), grants, robot: name, ...(expires && { expires }) };
  }

  /** A robot that has not expired, and whose user is there: it ends with them. */
  async #findRobot(user: string, name: string): Promise<Robot | undefined> {
    const robot = await this.#accounts.findRobot(user, name);
    const hasExpired = robot?.expires !== undefined && robot.expires.getTime() <= this.#now();
    if (!robot || hasExpired) return undefined;
    const isThere = (await this.#kept(user)).some(({ isSomebodys }) => isSomebodys);
    return isThere ? robot : undefined;
  }
}
