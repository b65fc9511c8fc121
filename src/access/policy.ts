import type { RepositoryName } from "../oci/name.ts";
import { parseActions, type Action } from "./action.ts";
import type { Caller, Grant } from "./caller.ts";
import { matches, parsePattern, type Pattern } from "../oci/pattern.ts";

/** Everybody, logged in or not; and everybody who is. */
const ANYBODY = "anonymous";
const LOGGED_IN = "authenticated";
const GROUP = "group:";

/** What a user can be called: without a colon, which ends the name in `Basic` credentials, and without what nobody sees. */
const USER = /^[^:\s\p{C}]{1,255}$/u;
const GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** A rule: these may do that there. */
export type Rule = {
  readonly to: ReadonlySet<string>;
  /** The names of the groups among them. */
  readonly groups: readonly string[];
  readonly on: readonly Grant[];
};

/** Who may do what where; nobody anything unless a rule says so. Absent rules: no policy, everything for everybody. */
export type Policy = {
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  readonly rules: readonly Rule[] | undefined;
};

/** No policy is configured: everything for everybody, and nobody is asked who they are. */
export const OPEN_POLICY: Policy = { groups: new Map(), rules: undefined };

/** A policy as the configuration file has it. */
export type PolicyValues = {
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly rules: readonly {
    readonly allow: readonly string[];
    readonly to: readonly string[];
    readonly on: readonly string[];
  }[];
};

/** Where in the values something is that cannot be, such as `["rules", 0, "on", 2]`. */
export type ProblemPath = readonly (string | number)[];

/** A policy, or where its values are wrong. Patterns are read here, once for all requests. */
export function readPolicy({ groups = {}, rules }: PolicyValues): Policy | { problems: ProblemPath[] } {
  const named = new Map(Object.entries(groups).map(([name, users]) => [name, new Set(users)]));
  const problems: ProblemPath[] = Object.entries(groups).flatMap(([name, users]) => [
    ...(GROUP_NAME.test(name) ? [] : [["groups", name]]),
    ...wrongOnes(users, isUser).map((at) => ["groups", name, at]),
  ]);
  const isKnown = (one: string): boolean =>
    one.startsWith(GROUP) ? named.has(one.slice(GROUP.length)) : USER.test(one);
  for (const [rule, { allow, to, on }] of rules.entries()) {
    problems.push(
      ...wrongOnes(allow, (word) => parseActions([word]) !== undefined).map((at) => [
        "rules",
        rule,
        "allow",
        at,
      ]),
      ...wrongOnes(to, isKnown).map((at) => ["rules", rule, "to", at]),
      ...wrongOnes(on, (text) => parsePattern(text) !== undefined).map((at) => ["rules", rule, "on", at]),
    );
  }
  return problems.length > 0 ? { problems } : { groups: named, rules: rules.map(readRule) };
}

function readRule({ allow, to, on }: PolicyValues["rules"][number]): Rule {
  const actions = parseActions(allow) ?? new Set();
  const patterns = on.map(parsePattern).filter((pattern) => pattern !== undefined);
  return {
    to: new Set(to),
    groups: to.filter((one) => one.startsWith(GROUP)).map((one) => one.slice(GROUP.length)),
    on: patterns.map((pattern) => ({ pattern, actions })),
  };
}

function wrongOnes(words: readonly string[], isGood: (word: string) => boolean): number[] {
  return words.flatMap((word, at) => (isGood(word) ? [] : [at]));
}

/** True of what a user can be called. The two words for everybody are no names: in a group they would say nothing. */
export function isUser(word: string): boolean {
  return USER.test(word) && word !== ANYBODY && word !== LOGGED_IN;
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
  return policy.rules.some((rule) => within(rule.on) && whoIn(rule, caller, policy) !== undefined);
}

/** By what a caller is allowed something. */
export type Reason = {
  /** The rule's place among the rules, from 0. */
  readonly rule: number;
  /** Which of its callers they are: their name, a group of theirs, or a word for everybody. */
  readonly to: string;
  readonly on: Pattern;
};

/** The first rule that allows the caller the action in the repository, limits aside; `undefined` when none does. */
export function ruleFor(policy: Policy, caller: Caller, { action, repository }: Wanted): Reason | undefined {
  for (const [at, rule] of (policy.rules ?? []).entries()) {
    const to = whoIn(rule, caller, policy);
    const grant = rule.on.find(({ pattern, actions }) => actions.has(action) && matches(pattern, repository));
    if (to !== undefined && grant) return { rule: at, to, on: grant.pattern };
  }
  return undefined;
}

/** What the rules allow a caller, limits aside. */
export function grantsOf(policy: Policy, caller: Caller): readonly Grant[] {
  return (policy.rules ?? [])
    .filter((rule) => whoIn(rule, caller, policy) !== undefined)
    .flatMap((rule) => rule.on);
}

/** As which of those that the rule is for the caller is among them. */
function whoIn({ to, groups }: Rule, caller: Caller, policy: Policy): string | undefined {
  if (to.has(ANYBODY)) return ANYBODY;
  const { user } = caller;
  if (user === undefined) return undefined;
  // A user whose name begins like that of a group is none.
  if (!user.startsWith(GROUP) && to.has(user)) return user;
  if (to.has(LOGGED_IN)) return LOGGED_IN;
  const group = groups.find(
    (name) => caller.groups.includes(name) || policy.groups.get(name)?.has(user) === true,
  );
  return group === undefined ? undefined : GROUP + group;
}
