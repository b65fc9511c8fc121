import type { RepositoryName } from "../oci/name.ts";
import { parseActions, type Action } from "./action.ts";
import type { Caller, Grant } from "./caller.ts";
import { matches, parsePattern } from "./pattern.ts";

/** Everybody, logged in or not; and everybody who is. */
const ANYBODY = "anonymous";
const LOGGED_IN = "authenticated";
const GROUP = "group:";

/** A rule: these may do that there. */
export type Rule = { readonly to: ReadonlySet<string>; readonly on: readonly Grant[] };

/** Who may do what where; nobody anything unless a rule says so. Absent rules: no policy, everything for everybody. */
export type Policy = {
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  readonly rules: readonly Rule[] | undefined;
};

/** No policy is configured: everything for everybody, and nobody is asked who they are. */
export const OPEN_POLICY: Policy = { groups: new Map(), rules: undefined };

/** A policy as the configuration file has it. */
export type PolicyValues = {
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly {
    readonly allow: readonly string[];
    readonly to: readonly string[];
    readonly on: readonly string[];
  }[];
};

/** A policy, or sentences that say what is wrong with it. */
export function readPolicy({ groups = {}, rules }: PolicyValues): Policy | { readonly problems: string[] } {
  const problems: string[] = [];
  const read = rules.map(({ allow, to, on }, at) => {
    const actions = parseActions(allow);
    if (!actions) problems.push(`rules[${at}].allow: one of ${allow.join(", ")} is no action.`);
    const grants = on.flatMap((text) => {
      const pattern = parsePattern(text);
      if (!pattern) problems.push(`rules[${at}].on: ${text} is no pattern.`);
      return pattern && actions ? [{ pattern, actions }] : [];
    });
    const unknown = to.filter(
      (one) => one.startsWith(GROUP) && !Object.hasOwn(groups, one.slice(GROUP.length)),
    );
    problems.push(...unknown.map((one) => `rules[${at}].to: there is no ${one}.`));
    return { to: new Set(to), on: grants };
  });
  if (problems.length > 0) return { problems };
  return {
    groups: new Map(Object.entries(groups).map(([name, users]) => [name, new Set(users)])),
    rules: read,
  };
}

export type Wanted = { readonly action: Action; readonly repository: RepositoryName };

/** True when a rule allows the caller the action in the repository, and so do the caller's own limits. */
export function permits(policy: Policy, caller: Caller, { action, repository }: Wanted): boolean {
  const within = (grants: readonly Grant[]): boolean =>
    grants.some(({ pattern, actions }) => actions.has(action) && matches(pattern, repository));
  return permitsWhere(policy, caller, within);
}

/** The same for all repositories there are and may come to be. */
export function permitsEverywhere(policy: Policy, caller: Caller, action: Action): boolean {
  const within = (grants: readonly Grant[]): boolean =>
    grants.some(({ pattern, actions }) => actions.has(action) && pattern.text === "**");
  return permitsWhere(policy, caller, within);
}

function permitsWhere(
  policy: Policy,
  caller: Caller,
  within: (grants: readonly Grant[]) => boolean,
): boolean {
  if (policy.rules === undefined) return true;
  if (caller.grants && !within(caller.grants)) return false;
  return policy.rules.some((rule) => within(rule.on) && isFor(rule, caller, policy));
}

/** What the rules allow a caller, limits aside. */
export function grantsOf(policy: Policy, caller: Caller): readonly Grant[] {
  return (policy.rules ?? []).filter((rule) => isFor(rule, caller, policy)).flatMap((rule) => rule.on);
}

function isFor({ to }: Rule, { user, groups }: Caller, policy: Policy): boolean {
  if (to.has(ANYBODY)) return true;
  if (user === undefined) return false;
  // A user whose name begins like that of a group is none.
  if (to.has(LOGGED_IN) || (!user.startsWith(GROUP) && to.has(user))) return true;
  const isMember = (name: string): boolean =>
    groups.includes(name) || policy.groups.get(name)?.has(user) === true;
  return [...to].some((one) => one.startsWith(GROUP) && isMember(one.slice(GROUP.length)));
}
