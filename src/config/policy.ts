import { z } from "zod";
import { ACTIONS, SHORTHANDS } from "../access/action.ts";
import { readPolicy } from "../access/policy.ts";

const WORDS = [...ACTIONS, ...Object.keys(SHORTHANDS)];
const words = z.array(z.string());

/** Who may do what, as the file has it, read into the policy that is asked. Issues are where in the file the mistakes are. */
export const POLICY_SCHEMA = z
  .strictObject({
    groups: z.record(z.string(), words).optional(),
    rules: z.array(
      z.strictObject({ allow: z.array(z.string().meta({ enum: WORDS })), to: words, on: words }),
    ),
  })
  .transform((values, context) => {
    const policy = readPolicy(values);
    if (!("problems" in policy)) return policy;
    for (const path of policy.problems)
      context.addIssue({ code: "custom", path: [...path], message: "not understood" });
    return z.NEVER;
  });

const WORD_MAY_BE = "list, pull, push, delete, or for several of them read, write, admin";
const CALLER_MAY_BE =
  "a user's name, group:NAME of a group in policy.groups, authenticated, or anonymous for everybody";
const PATTERN_MAY_BE =
  "a repository, * standing for any text in a segment and ** for any segments, such as team-*/app or library/**";

/** What the members of a rule may be, and each of their own. */
const RULE: Readonly<Record<string, readonly [list: string, one: string]>> = {
  allow: ["a list of actions, such as [read]", WORD_MAY_BE],
  to: ["a list of callers, such as [ann, group:team]", CALLER_MAY_BE],
  on: ["a list of repositories and patterns, such as [library/**]", PATTERN_MAY_BE],
};

/** What may stand at a place in the policy, to follow "it may be"; `undefined` where nothing may. */
export function policyMayBe(path: readonly string[]): string | undefined {
  const [part, name, member, at] = path;
  if (path.length > (part === "groups" ? 3 : 4)) return undefined;
  if (part === undefined) return "groups and rules";
  if (part === "groups") {
    if (name === undefined) return "names of groups, each with a list of users";
    if (member === undefined)
      return "a list of users, such as [ann, bob], by a name of letters, digits, . _ and -";
    return "a user's name, which has no colon and no space, and is neither anonymous nor authenticated";
  }
  if (part !== "rules") return undefined;
  if (name === undefined) return "a list of rules, each with allow, to and on";
  if (member === undefined) return "a rule, such as { allow: [read], to: [anonymous], on: [library/**] }";
  return Object.hasOwn(RULE, member) ? RULE[member]?.[at === undefined ? 0 : 1] : undefined;
}

/** A policy as a person would write it. */
export const POLICY_EXAMPLE = `policy:
  groups:
    team: [ann, bob]
  rules:
    - { allow: [read], to: [anonymous], on: [library/**] }
    - { allow: [write], to: [group:team], on: [team-*/app, team/**] }
    - { allow: [admin], to: [ann], on: ["**"] }
`;

/** The keys that may stand at a place in the policy. */
export function policyKeys(path: readonly string[]): readonly string[] {
  if (path.length === 0) return ["groups", "rules"];
  return path.length === 2 && path[0] === "rules" ? Object.keys(RULE) : [];
}
