import type { Caller } from "./caller.ts";

/** A name and a password, or robot's secret, as they were sent. */
export type Credentials = { readonly name: string; readonly password: string };

/** Finds out who people are, wherever their accounts are kept. */
export interface Logins {
  /**
   * Who logs in with these; `undefined` when they are wrong, whichever of the two it is. `from` is where the attempt comes
   * from, as guessing from there is slowed down.
   */
  login(credentials: Credentials, from: { readonly address: string }): Promise<Caller | undefined>;
  /**
   * The caller that has this name now, for one who logged in at `since` and has shown proof of it; `undefined` when it is
   * gone, has expired, or has another password since.
   */
  renew(name: string, since: Date): Promise<Caller | undefined>;
  /**
   * Whether somebody who has logged in, and now shows a token, is still there with the same password or secret. True for
   * a few seconds after that has ended.
   */
  isStillThere(caller: Caller): Promise<boolean>;
}
