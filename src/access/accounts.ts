import type { Action } from "./action.ts";

/** Somebody who may log in with a password. */
export type Account = {
  readonly name: string;
  readonly hash: string;
  /** When the password was set. */
  readonly changed: Date;
};

/** A secret by which a program acts for a user, within limits of its own. */
export type Robot = {
  /** Of its own; it logs in as `user+name`. */
  readonly name: string;
  /** For whom it acts: it may never do more than they. */
  readonly user: string;
  /** SHA-256 of its secret, in hexadecimal. The secret itself has 256 random bits, so nothing slower is needed. */
  readonly digest: string;
  readonly on: readonly string[];
  readonly allow: readonly Action[];
  readonly created: Date;
  readonly expires?: Date | undefined;
};

/**
 * Where accounts are kept. Several programs may have it open at the same time, and each sees what others have written.
 * Names are told apart by their bytes.
 */
export interface Accounts extends AsyncDisposable {
  findUser(name: string): Promise<Account | undefined>;
  /** By name. */
  listUsers(): Promise<readonly Account[]>;
  /** Sets the hash of a user, who is made if need be. */
  putUser(name: string, hash: string): Promise<void>;
  /** Removes a user with all their robots. False when there is none. */
  removeUser(name: string): Promise<boolean>;
  findRobot(user: string, name: string): Promise<Robot | undefined>;
  /** By user and name. */
  listRobots(): Promise<readonly Robot[]>;
  /** False when there is one of that name and user already. */
  addRobot(robot: Robot): Promise<boolean>;
  /** False when there is none. */
  removeRobot(user: string, name: string): Promise<boolean>;
}
