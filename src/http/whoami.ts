import { grantsOf } from "../access/policy.ts";
import type { Grant } from "../access/caller.ts";
import { json, requireKnown, type Answer, type Call } from "./call.ts";

const EVERYTHING = [{ on: "**", allow: ["list", "pull", "push", "delete"] }];

/** Who the caller is, and what they may do where: what the policy allows, and what a token or robot limits that to. */
export async function getWhoami({ service, rights, query }: Call): Promise<Answer> {
  requireKnown(query, []);
  const { caller } = rights.identity;
  const allowed =
    service.access && rights.isGuarded ? shown(grantsOf(service.access.policy(), caller)) : EVERYTHING;
  return json(
    {
      ...(caller.user !== undefined && { user: caller.user }),
      groups: caller.groups,
      allowed,
      ...(caller.grants && { within: shown(caller.grants) }),
    },
    { "Cache-Control": "no-store" },
  );
}

function shown(grants: readonly Grant[]): object[] {
  return grants.map(({ pattern, actions }) => ({ on: pattern.text, allow: [...actions] }));
}
