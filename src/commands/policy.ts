import { Command, Option } from "commander";
import { ACTIONS, type Action } from "../access/action.ts";
import { ANONYMOUS, type Caller } from "../access/caller.ts";
import { OPEN_POLICY, ruleFor } from "../access/policy.ts";
import type { LoadedConfig } from "../config.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { addConfigOptions, configOf } from "./config-options.ts";

const EXAMPLES = `
It reads the configuration, not a running server. Groups are those of the policy. A token or a robot may be limited to less.

Examples:
  supercargo policy explain bob team/app --config /etc/supercargo.yaml
  supercargo policy explain anonymous library/debian --config /etc/supercargo.yaml --output json`;

/** `supercargo policy explain`: what somebody may do in a repository, and by which rule. */
export function policyCommand(): Command {
  const explain = new Command("explain")
    .description("Say what somebody may do in a repository, and which rule allows it.")
    .argument("<user>", "the name they log in with; anonymous for those who have not logged in")
    .argument("<repository>", "its name; it need not exist")
    .addOption(
      new Option("-o, --output <format>", "what to print").choices(["table", "json"]).default("table"),
    )
    .addHelpText("after", EXAMPLES);
  addConfigOptions(explain, []).action(async (user: string, name: string, options: { output: string }) => {
    const repository = parseName(name);
    const loaded = await configOf(explain);
    const caller = user === "anonymous" ? ANONYMOUS : { user, groups: [] };
    const actions = ACTIONS.map((action) => explained(loaded, caller, { action, repository }));
    process.stdout.write(
      options.output === "json"
        ? `${JSON.stringify({ user, repository, actions }, undefined, 2)}\n`
        : actions.map(asLine).join(""),
    );
  });
  return new Command("policy").description("Look at who may do what.").addCommand(explain);
}

/** One action, whether it is allowed, and the rule that allows it; without a policy there is none. */
type Explained = {
  readonly action: Action;
  readonly allowed: boolean;
  readonly rule?: {
    readonly path: string;
    readonly from: string;
    readonly to: string;
    readonly on: string;
  };
};

function explained(
  { config, from }: LoadedConfig,
  caller: Caller,
  wanted: { readonly action: Action; readonly repository: RepositoryName },
): Explained {
  const { action } = wanted;
  const policy = config.policy ?? OPEN_POLICY;
  if (policy === OPEN_POLICY) return { action, allowed: true };
  const reason = ruleFor(policy, caller, wanted);
  if (!reason) return { action, allowed: false };
  const { rule, to, on } = reason;
  const place = { path: `policy.rules[${rule}]`, from: from(["policy", "rules", String(rule)]) };
  return { action, allowed: true, rule: { ...place, to, on: on.text } };
}

function asLine({ action, allowed, rule }: Explained): string {
  const without = allowed ? "there is no policy, so everybody may do everything" : "no rule allows it";
  const why = rule ? `${rule.path} (${rule.from}): ${rule.to} on ${rule.on}` : without;
  return `${action.padEnd(8)}${(allowed ? "allowed" : "denied").padEnd(9)}${why}\n`;
}
