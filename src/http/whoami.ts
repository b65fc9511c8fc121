import type { Caller, Grant } from "../access/caller.ts";
import { grantsOf, type Policy } from "../access/policy.ts";
import { json, requireKnown, type Answer, type Call } from "./call.ts";

const EVERYTHING = [{ on: "**", allow: ["list", "pull", "push", "delete"] }];

/** Who the caller is, which robot acts for them if one does, and what they may do where: what the policy allows, and what a token or robot limits that to. */
export async function getWhoami({ service, rights, query }: Call): Promise<Answer> {
  requireKnown(query, []);
  const { caller } = rights.identity;
  const policy = service.access && rights.isGuarded ? service.access.policy() : undefined;
  return json(
    {
      ...(caller.user !== undefined && { user: caller.user }),
      ...(caller.robot !== undefined && { robot: caller.robot }),
      groups: policy ? groupsOf(policy, caller) : caller.groups,
      allowed: policy ? shown(grantsOf(policy, caller)) : EVERYTHING,
      ...(caller.grants && { within: shown(caller.grants) }),
    },
    { "Cache-Control": "no-store" },
  );
}

/** Groups by the policy, and those that the caller brought along. */
function groupsOf({ groups }: Policy, { user, groups: own }: Caller): string[] {
  const named = [...groups]
    .filter(([, users]) => user !== undefined && users.has(user))
    .map(([name]) => name);
  return [...new Set([...named, ...own])].toSorted();
}

function shown(grants: readonly Grant[]): object[] {
  return grants.map(({ pattern, actions }) => ({ on: pattern.text, allow: [...actions] }));
}
