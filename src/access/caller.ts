import { hash } from "node:crypto";
import type { Action } from "./action.ts";
import type { Pattern } from "../oci/pattern.ts";

/** Actions in the repositories that a pattern means. */
export type Grant = { readonly pattern: Pattern; readonly actions: ReadonlySet<Action> };

/** Who asks. What they may do is for the policy to say, within `grants`. */
export type Caller = {
  /** The name they logged in with; absent when nobody has. */
  readonly user?: string;
  readonly groups: readonly string[];
  /** The robot that acts for the user, if one does. */
  readonly robot?: string;
  /** What tells the password or secret they came by from any that they have later; absent where others vouch for them. */
  readonly mark?: string;
  /** When it ends that they may do anything, if that is known: a robot may have an expiry. */
  readonly expires?: Date;
  /** What a token or robot limits its bearer to; absent: no limit. */
  readonly grants?: readonly Grant[];
};

/** Who has not logged in. */
export const ANONYMOUS: Caller = { groups: [] };

/** The name that events and the log have. */
export function actorOf({ user, robot }: Caller): string {
  return robot === undefined ? (user ?? "anonymous") : `${user}+${robot}`;
}

/** Of a hash of 256 bits, in characters of base64url: enough that no two have the same. */
const MARK_LENGTH = 22;

/** What a token says of the password or secret by which it was got, of what is kept of that. Tells nothing of either. */
export function markOf(kept: string): string {
  return hash("sha256", kept, "base64url").slice(0, MARK_LENGTH);
}

/** Who has logged in with the password that this is kept of. */
export function callerBy(user: string, kept: string): Caller {
  return { user, groups: [], mark: markOf(kept) };
}
