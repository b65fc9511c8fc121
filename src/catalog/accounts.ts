import type { Account, Accounts, Robot } from "../access/accounts.ts";
import type { Queryable } from "./engine.ts";
import { makeTables } from "./tables.ts";

/** Kept apart from the catalog: no list, log or compaction has to do with them. Text is told apart by its bytes anywhere. */
const TABLES = [
  `create table if not exists account_user (name text primary key, hash text not null, changed bigint not null)`,
  `create table if not exists account_robot (
    owner text not null, name text not null, digest text not null, patterns text not null, actions text not null,
    created bigint not null, expires bigint, primary key (owner, name))`,
];

type UserRow = { name: string; hash: string; changed: number };
type RobotRow = {
  owner: string;
  name: string;
  digest: string;
  patterns: string;
  actions: string;
  created: number;
  expires: number | null;
};

/** Accounts in a database, which is owned from here on. Makes its tables when they are not there. */
export async function openAccounts(database: Queryable & AsyncDisposable): Promise<Accounts> {
  try {
    await makeTables(database, TABLES);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
  return new SqlAccounts(database);
}

class SqlAccounts implements Accounts {
  readonly #database: Queryable & AsyncDisposable;

  constructor(database: Queryable & AsyncDisposable) {
    this.#database = database;
  }

  async findUser(name: string): Promise<Account | undefined> {
    const [row] = await this.#database.all<UserRow>(`select * from account_user where name = ?`, [name]);
    return row && accountOf(row);
  }

  async listUsers(): Promise<Account[]> {
    return (await this.#database.all<UserRow>(`select * from account_user`))
      .map(accountOf)
      .toSorted((a, b) => compare(a.name, b.name));
  }

  async putUser(name: string, hash: string): Promise<void> {
    await this.#database.run(
      `insert into account_user (name, hash, changed) values (?, ?, ?)
        on conflict (name) do update set hash = excluded.hash, changed = excluded.changed`,
      [name, hash, Date.now()],
    );
  }

  async removeUser(name: string): Promise<boolean> {
    await this.#database.run(`delete from account_robot where owner = ?`, [name]);
    return (await this.#database.run(`delete from account_user where name = ?`, [name])) > 0;
  }

  async findRobot(user: string, name: string): Promise<Robot | undefined> {
    const [row] = await this.#database.all<RobotRow>(
      `select * from account_robot where owner = ? and name = ?`,
      [user, name],
    );
    return row && robotOf(row);
  }

  async listRobots(): Promise<Robot[]> {
    const rows = await this.#database.all<RobotRow>(`select * from account_robot`);
    return rows.map(robotOf).toSorted((a, b) => compare(a.user, b.user) || compare(a.name, b.name));
  }

  async addRobot({ user, name, digest, on, allow, created, expires }: Robot): Promise<boolean> {
    const added = await this.#database.run(
      `insert into account_robot (owner, name, digest, patterns, actions, created, expires)
        values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
      [user, name, digest, on.join(" "), allow.join(" "), created.getTime(), expires?.getTime() ?? null],
    );
    return added > 0;
  }

  async removeRobot(user: string, name: string): Promise<boolean> {
    const removed = await this.#database.run(`delete from account_robot where owner = ? and name = ?`, [
      user,
      name,
    ]);
    return removed > 0;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#database[Symbol.asyncDispose]();
  }
}

function accountOf({ name, hash, changed }: UserRow): Account {
  return { name, hash, changed: new Date(changed) };
}

function robotOf({ owner, name, digest, patterns, actions, created, expires }: RobotRow): Robot {
  return {
    name,
    user: owner,
    digest,
    on: patterns.split(" "),
    allow: actions.split(" ") as Robot["allow"],
    created: new Date(created),
    ...(expires !== null && { expires: new Date(expires) }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
