import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseName } from "../oci/name.ts";
import { ACTIONS, parseActions, SHORTHANDS } from "./action.ts";
import { actorOf, ANONYMOUS, type Caller } from "./caller.ts";
import { matches, parsePattern } from "../oci/pattern.ts";
import {
  grantsOf,
  OPEN_POLICY,
  permits,
  permitsEverywhere,
  type Policy,
  type PolicyValues,
  readPolicy,
  ruleFor,
} from "./policy.ts";

function policyOf(values: PolicyValues): Policy {
  const policy = readPolicy(values);
  assert.ok(!("problems" in policy), JSON.stringify(policy));
  return policy;
}

const user = (name: string, ...groups: string[]): Caller => ({ user: name, groups });

/** The actions a caller has in a repository. */
function allowed(policy: Policy, caller: Caller, name: string): string[] {
  const repository = parseName(name);
  return ACTIONS.filter((action) => permits(policy, caller, { action, repository }));
}

const TEAM = policyOf({
  groups: { team: ["ann", "bob"] },
  rules: [
    { allow: ["read"], to: ["anonymous"], on: ["library/**"] },
    { allow: ["write"], to: ["group:team"], on: ["team-*/app", "team/**"] },
    { allow: ["list"], to: ["authenticated"], on: ["**"] },
    { allow: ["admin"], to: ["ann"], on: ["**"] },
  ],
});

test("shorthands stand for their actions; a word that is none spoils the list", () => {
  assert.deepEqual([...(parseActions(["read", "delete"]) ?? [])], ["list", "pull", "delete"]);
  assert.deepEqual([...(parseActions(["write"]) ?? [])], ["list", "pull", "push"]);
  for (const word of ["", "Read", "reads", "constructor", "__proto__", "*"])
    assert.equal(parseActions(["read", word]), undefined, word);
});

test("everybody may do what anonymous may, and nobody what no rule says", () => {
  for (const caller of [ANONYMOUS, user("eve"), user("bob")])
    assert.deepEqual(allowed(TEAM, caller, "library/debian"), ["list", "pull"]);
  assert.deepEqual(allowed(TEAM, ANONYMOUS, "team/app"), []);
  assert.deepEqual(allowed(policyOf({ rules: [] }), user("ann"), "a"), []);
});

test("a rule holds for its users, for the members of its groups, and for all who are logged in", () => {
  assert.deepEqual(allowed(TEAM, user("bob"), "team-a/app"), ["list", "pull", "push"]);
  assert.deepEqual(allowed(TEAM, user("eve"), "team/app"), ["list"]);
  assert.deepEqual(allowed(TEAM, user("eve", "team"), "team/app"), ["list", "pull", "push"]);
  assert.deepEqual(allowed(TEAM, user("ann"), "any/thing"), [...ACTIONS]);
});

test("neither a user's name nor the lack of one makes anybody a group or all who are logged in", () => {
  const policy = policyOf({
    groups: { team: ["ann"] },
    rules: [{ allow: ["admin"], to: ["group:team", "authenticated"], on: ["a"] }],
  });
  assert.deepEqual(allowed(policy, ANONYMOUS, "a"), []);
  assert.deepEqual(allowed(policy, { groups: ["team"] }, "a"), []);
  const team = policyOf({
    groups: { team: [] },
    rules: [{ allow: ["pull"], to: ["group:team"], on: ["a"] }],
  });
  assert.deepEqual(allowed(team, user("group:team"), "a"), []);
  assert.deepEqual(allowed(team, user("team"), "a"), []);
});

test("without a policy everything is for everybody", () => {
  assert.deepEqual(allowed(OPEN_POLICY, ANONYMOUS, "a/b"), [...ACTIONS]);
  assert.equal(permitsEverywhere(OPEN_POLICY, ANONYMOUS, "delete"), true);
});

test("everywhere is only what a rule for all repositories says", () => {
  assert.equal(permitsEverywhere(TEAM, user("eve"), "list"), true);
  assert.equal(permitsEverywhere(TEAM, user("eve"), "pull"), false);
  assert.equal(permitsEverywhere(TEAM, ANONYMOUS, "list"), false);
});

test("the rule that allows something is told, with whom and what it means", () => {
  const why = (caller: Caller, name: string): unknown => {
    const reason = ruleFor(TEAM, caller, { action: "pull", repository: parseName(name) });
    return reason && [reason.rule, reason.to, reason.on.text];
  };
  assert.deepEqual(why(user("ann"), "team/app"), [1, "group:team", "team/**"]);
  assert.deepEqual(why(user("ann"), "library"), [0, "anonymous", "library/**"]);
  assert.deepEqual(why(user("ann"), "x"), [3, "ann", "**"]);
  assert.equal(why(user("eve"), "x"), undefined);
  assert.deepEqual(
    grantsOf(TEAM, user("eve")).map(({ pattern }) => pattern.text),
    ["library/**", "**"],
  );
});

test("everything that is wrong with a policy is found at once, each where it is", () => {
  const policy = readPolicy({
    groups: { team: ["ann", "a:b", "anonymous"], "": [] },
    rules: [
      { allow: ["read", "fly"], to: ["group:teem", "ann"], on: ["a//b"] },
      { allow: ["pull"], to: ["groups:team", "", "a b"], on: ["a", "B"] },
    ],
  });
  assert.ok("problems" in policy);
  assert.deepEqual(
    policy.problems.map((path) => path.join(".")),
    [
      "groups.team.1",
      "groups.team.2",
      "groups.",
      "rules.0.allow.1",
      "rules.0.to.0",
      "rules.0.on.0",
      "rules.1.to.0",
      "rules.1.to.1",
      "rules.1.to.2",
      "rules.1.on.1",
    ],
  );
});

test("no group is there that nobody wrote down, whatever objects inherit", () => {
  for (const name of ["constructor", "toString", "__proto__"])
    assert.ok("problems" in readPolicy({ rules: [{ allow: ["pull"], to: [`group:${name}`], on: ["a"] }] }));
});

test("events name who is logged in, or anonymous", () => {
  assert.deepEqual([actorOf(ANONYMOUS), actorOf(user("ann"))], ["anonymous", "ann"]);
});

const texts = fc.constantFrom("a", "a/b", "a/**", "*/b", "**", "b/*", "c");
const words = fc.constantFrom(...ACTIONS, ...Object.keys(SHORTHANDS));
const rule = fc.record({
  allow: fc.array(words, { minLength: 1, maxLength: 2 }),
  to: fc.array(fc.constantFrom("anonymous", "authenticated", "ann", "bob", "group:g", "group:h"), {
    maxLength: 2,
  }),
  on: fc.array(texts, { maxLength: 2 }),
});
const rules = fc.array(rule, { maxLength: 4 });
const callers = fc.record(
  {
    user: fc.constantFrom("ann", "bob", "eve"),
    groups: fc.subarray(["g", "h"]),
    grants: fc.array(
      fc.record({ on: texts, words: fc.array(words, { minLength: 1, maxLength: 2 }) }).map((grant) => ({
        pattern: parsePattern(grant.on) ?? assert.fail(),
        actions: parseActions(grant.words) ?? assert.fail(),
      })),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["groups"] },
);
const wanted = fc.record({
  action: fc.constantFrom(...ACTIONS),
  repository: fc.constantFrom("a", "b", "c", "a/b", "c/b", "a/b/c").map(parseName),
});
const GROUPS = { g: ["ann"], h: ["bob"] };
const withRules = (all: PolicyValues["rules"]): Policy => policyOf({ groups: GROUPS, rules: all });

test("whatever the rules, more of them never allow less, and their order is nothing", () => {
  const property = fc.property(fc.tuple(rules, rules), callers, wanted, ([some, others], caller, what) => {
    const [one, other] = [withRules(some), withRules(others)];
    const either = permits(one, caller, what) || permits(other, caller, what);
    assert.equal(permits(withRules([...some, ...others]), caller, what), either);
    assert.equal(permits(withRules([...others, ...some]), caller, what), either);
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("whatever limits a caller has, they only take away, and what is left is in a limit", () => {
  const property = fc.property(rules, callers, wanted, (some, caller, what) => {
    const policy = withRules(some);
    const { grants, ...unlimited } = caller;
    const isWithin =
      grants === undefined ||
      grants.some(({ pattern, actions }) => actions.has(what.action) && matches(pattern, what.repository));
    assert.equal(permits(policy, caller, what), permits(policy, unlimited, what) && isWithin);
    assert.equal(ruleFor(policy, unlimited, what) !== undefined, permits(policy, unlimited, what));
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("whoever is not logged in may never do more than who is, and who may do something everywhere may do it here", () => {
  const property = fc.property(rules, callers, wanted, (some, caller, what) => {
    const policy = withRules(some);
    const { user: _, ...nobody } = caller;
    if (permits(policy, nobody, what)) assert.ok(permits(policy, caller, what));
    if (permitsEverywhere(policy, caller, what.action)) assert.ok(permits(policy, caller, what));
  });
  fc.assert(property, { numRuns: 1_000 });
});
