import assert from "node:assert/strict";
import bcrypt from "bcrypt";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { AccountLogins } from "./account-logins.ts";
import type { Accounts } from "./accounts.ts";
import type { Caller } from "./caller.ts";
import { hashForNobody, Htpasswd } from "./htpasswd.ts";
import { WrongLogins } from "./wrong-logins.ts";

const ROUNDS = 4;
const hashOf = (password: string): string => bcrypt.hashSync(password, ROUNDS);

/** A file of users in a folder of its own. */
async function fileOf(text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-htpasswd-"));
  const path = join(folder, "users");
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const NO_ACCOUNTS = {
  findUser: async () => undefined,
  findRobot: async () => undefined,
} as unknown as Accounts;

type Users = {
  login(credentials: { name: string; password: string }): Promise<Caller | undefined>;
  renew(name: string, since: Date): Promise<Caller | undefined>;
};

/** The users of a file, and no others. */
async function open(path: string, onRefused: (error: unknown) => void): Promise<Users> {
  const others = await Htpasswd.open(path, onRefused);
  const logins = new AccountLogins(NO_ACCOUNTS, { others, wrong: new WrongLogins() });
  return {
    login: (credentials) => logins.login(credentials, { address: "127.0.0.1" }),
    renew: (name, since) => logins.renew(name, since),
  };
}

const unexpected = (error: unknown): never => {
  throw error;
};

describe("users of an htpasswd file", () => {
  test("log in with their own password, in each form of bcrypt that there is, and with no other", async () => {
    const own = hashOf("secret");
    const forms = ["$2a", "$2b", "$2y"].map((form, n) => `user${n}:${form}${own.slice(3)}`);
    await using file = await fileOf(`# ours\n\n${forms.join("\r\n")}\n`);
    const users = await open(file.path, unexpected);
    for (const name of ["user0", "user1", "user2"]) {
      // The second time it is known.
      for (let again = 0; again < 2; again++) {
        const { mark, ...caller } = (await users.login({ name, password: "secret" })) ?? {};
        assert.deepEqual(caller, { user: name, groups: [] });
        assert.match(String(mark), /^[\w-]{22}$/);
      }
    }
    const wrong = [
      { name: "user0", password: "Secret" },
      { name: "user0", password: "" },
      { name: "user3", password: "secret" },
    ];
    const answers = await Promise.all(wrong.map((one) => users.login(one)));
    assert.deepEqual(answers, [undefined, undefined, undefined]);
  });

  test("have no password that is longer than what bcrypt compares", async () => {
    const longest = "x".repeat(72);
    await using file = await fileOf(`ann:${hashOf(longest)}\n`);
    const users = await open(file.path, unexpected);
    assert.ok(await users.login({ name: "ann", password: longest }));
    assert.equal(await users.login({ name: "ann", password: `${longest}y` }), undefined);
  });

  test("are those of the file as it is now; one that is wrong changes nothing, and is told of", async () => {
    await using file = await fileOf(`ann:${hashOf("old")}\n`);
    const refused: unknown[] = [];
    const users = await open(file.path, (error) => refused.push(error));
    const ann = (password: string): Promise<unknown> => users.login({ name: "ann", password });
    assert.ok(await ann("old"));
    await writeFile(file.path, `ann:${hashOf("newer")}\nbob:${hashOf("x")}\n`);
    assert.ok(await ann("newer"));
    assert.equal(await ann("old"), undefined);
    assert.equal(refused.length, 0);
    await writeFile(file.path, "ann:in the clear\n");
    assert.ok(await ann("newer"));
    assert.match(String(refused[0]), /line 1, is not name:hash with a bcrypt hash/);
    assert.doesNotMatch(String(refused[0]), /in the clear/);
  });

  test("renew what they have from before the file changed no more", async () => {
    await using file = await fileOf(`ann:${hashOf("a")}\n`);
    const changed = new Date("2026-05-01T00:00:00Z");
    await utimes(file.path, changed, changed);
    const users = await open(file.path, unexpected);
    assert.ok(await users.renew("ann", changed));
    assert.equal(await users.renew("ann", new Date(changed.getTime() - 1)), undefined);
    assert.equal(await users.renew("bob", changed), undefined);
  });

  test("are refused at the start with the line that is wrong, or the file that is not there", async () => {
    const wrong = [
      "ann",
      "ann:$apr1$abc$def",
      `anonymous:${hashOf("a")}`,
      `a b:${hashOf("a")}`,
      `ann:${hashOf("a")}x`,
    ];
    for (const line of wrong) {
      await using file = await fileOf(`bob:${hashOf("b")}\n${line}\n`);
      await assert.rejects(Htpasswd.open(file.path, unexpected), {
        code: "CONFIG_INVALID",
        message: /line 2/,
      });
    }
    await assert.rejects(Htpasswd.open("nowhere/users", unexpected), {
      code: "CONFIG_INVALID",
      message: /nowhere\/users, cannot be read/,
    });
  });

  test("cost as much to tell from nobody as from each other", () => {
    const rounds = [4, 5, 6];
    const hashes = rounds.map((one) => bcrypt.hashSync("a", one));
    const names = Array.from({ length: 100 }, (_, n) => `nobody${n}`);
    const nobodys = names.map((name) => bcrypt.getRounds(hashForNobody(name, hashes)));
    assert.deepEqual(new Set(nobodys), new Set(rounds));
    assert.equal(hashForNobody("nobody", hashes), hashForNobody("nobody", hashes));
    assert.equal(bcrypt.getRounds(hashForNobody("nobody", hashes.slice(2))), 6);
    assert.equal(bcrypt.getRounds(hashForNobody("nobody", [])), 10);
    assert.equal(bcrypt.compareSync("a", hashForNobody("nobody", hashes)), false);
  });
});
