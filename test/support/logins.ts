import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bcrypt from "bcrypt";
import { AccountLogins, digestOfSecret, newSecret } from "../../src/access/account-logins.ts";
import type { Accounts, Robot } from "../../src/access/accounts.ts";
import { hashPassword } from "../../src/access/argon2.ts";
import { HashGate } from "../../src/access/hash-gate.ts";
import { Htpasswd } from "../../src/access/htpasswd.ts";
import { PasswordChecks } from "../../src/access/password-checks.ts";
import { WrongLogins } from "../../src/access/wrong-logins.ts";
import { openAccounts } from "../../src/catalog/accounts.ts";
import { openSqliteAccounts } from "../../src/catalog/sqlite-accounts.ts";
import type { Access } from "../../src/http/authenticate.ts";
import { TestAccess } from "./access.ts";

/** That of `ann`; that of `bob` is `bob-password`. */
export const PASSWORD = "ann-password";
const RULES = { rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] };

/** Counts the passwords that are worked out. */
class CountingGate extends HashGate {
  hashes = 0;
  override async run<T>(work: () => Promise<T>): Promise<T> {
    return super.run(async () => {
      const worked = await work();
      this.hashes++;
      return worked;
    });
  }
}

type OpenDatabase = (folder: string) => Awaitable<Parameters<typeof openAccounts>[0]>;
type Awaitable<T> = T | Promise<T>;

/** Logins as a server has them, where `ann` is a user of the database, and `bob` of a file. */
export class LoginScene implements AsyncDisposable {
  readonly gate = new CountingGate();
  /** How long attempts had to wait, in milliseconds; none really does. */
  readonly waits: number[] = [];
  readonly logins: AccountLogins;
  /** What the clock says of who is there. */
  now = Date.now();
  readonly accounts: Accounts;
  readonly #all: AsyncDisposableStack;

  private constructor(accounts: Accounts, others: Htpasswd, all: AsyncDisposableStack) {
    this.accounts = accounts;
    const wrong = new WrongLogins({ sleep: async (ms) => void this.waits.push(ms) });
    this.logins = new AccountLogins(accounts, {
      others,
      wrong,
      checks: new PasswordChecks(this.gate),
      now: () => this.now,
    });
    this.#all = all;
  }

  /** Accounts in a folder of their own, or wherever else. */
  static async open(openDatabase: OpenDatabase = openSqliteAccounts): Promise<LoginScene> {
    await using all = new AsyncDisposableStack();
    const folder = all.use(mkdtempDisposable());
    const accounts = all.use(await openAccounts(await openDatabase(folder.path)));
    await accounts.putUser("ann", await hashPassword(PASSWORD));
    const file = join(folder.path, "users");
    writeFileSync(file, `bob:${bcrypt.hashSync("bob-password", 4)}\n`);
    const others = await Htpasswd.open(file, (error) => assert.fail(String(error)));
    return new LoginScene(accounts, others, all.move());
  }

  async login(name: string, password: string, address = "192.0.2.1"): Promise<string | undefined> {
    return (await this.logins.login({ name, password }, { address }))?.user;
  }

  /** A robot of `ann`, by its secret. */
  async addRobot(
    name: string,
    { allow = ["pull"], expires }: Partial<Pick<Robot, "allow" | "expires">> = {},
  ): Promise<string> {
    const secret = newSecret();
    const robot = { user: "ann", name, on: ["**"], allow, created: new Date() };
    await this.accounts.addRobot({ ...robot, digest: digestOfSecret(secret), expires });
    return secret;
  }

  /** What guesses there give, one after the other; refusals are their codes. */
  async guess(name: (n: number) => string, times: number): Promise<Set<unknown>> {
    const answers = new Set<unknown>();
    for (let n = 0; n < times; n++)
      answers.add(await this.login(name(n), `guess ${n}`).catch((error: { code: string }) => error.code));
    return answers;
  }

  /** Access by these logins where everybody may do everything. */
  async access(): Promise<Access> {
    const { policy, tokens, keys } = await TestAccess.open(RULES, []);
    return { policy, tokens, keys, logins: this.logins };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#all.disposeAsync();
  }
}

function mkdtempDisposable(): Disposable & { readonly path: string } {
  const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-logins-"));
  return { path: folder.path, [Symbol.dispose]: () => folder.remove() };
}
