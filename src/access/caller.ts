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
  /** What a token or robot limits its bearer to; absent: no limit. */
  readonly grants?: readonly Grant[];
};

/** Who has not logged in. */
export const ANONYMOUS: Caller = { groups: [] };

/** The name that events and the log have. */
export function actorOf({ user, robot }: Caller): string {
  return robot === undefined ? (user ?? "anonymous") : `${user}+${robot}`;
}
