import { Command, Option } from "commander";
import { digestOfSecret, newSecret } from "../access/account-logins.ts";
import type { Robot } from "../access/accounts.ts";
import { ACTIONS, parseActions } from "../access/action.ts";
import { readDuration } from "../config.ts";
import { RegistryError } from "../errors.ts";
import { parsePattern } from "../oci/pattern.ts";
import { openAccountsOf } from "../data.ts";
import { addConfigOptions, configOf } from "./config-options.ts";

const EXAMPLES = `
A robot acts for a user, and may do what both the policy allows them and its own patterns and actions say. It logs in as
USER+NAME with its secret, wherever a password is asked for. The secret is shown once. The server may be running.

Examples:
  supercargo token create ci --user ann --on 'team/**' --allow write --expires 90d
  echo $SECRET | docker login registry.example --username ann+ci --password-stdin
  supercargo token revoke ci --user ann`;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

type Options = {
  readonly user: string;
  readonly on: readonly string[];
  readonly allow: string;
  readonly expires?: string;
};

/** `supercargo token`: secrets for programs. */
export function tokenCommand(): Command {
  const command = new Command("token")
    .description("Secrets for programs that act for a user.")
    .addHelpText("after", EXAMPLES);
  const create = new Command("create")
    .description("Make a robot, and show its secret.")
    .argument("<name>", "its name")
    .requiredOption("--user <name>", "for whom it acts")
    .addOption(
      new Option("--on <pattern>", "where it may do something; may be repeated")
        .argParser((value: string, before?: string[]) => [...(before ?? []), value])
        .makeOptionMandatory(),
    )
    .requiredOption(
      "--allow <actions>",
      `what it may do there: ${ACTIONS.join(", ")}, read, write or admin, with commas between them`,
    )
    .option("--expires <age>", "how long it holds, such as 90d; until it is revoked if left out");
  addConfigOptions(create, ["data", "catalog"]).action(async (name: string, options: Options) => {
    const secret = newSecret();
    const robot = readRobot(name, options, secret);
    await using accounts = await openAccountsOf((await configOf(create)).config);
    if (!(await accounts.addRobot(robot)))
      throw invalid(`${robot.user} has a robot ${name} already. Revoke it first.`);
    process.stderr.write(`${robot.user}+${name} logs in with this secret, which is not shown again:\n`);
    process.stdout.write(`${secret}\n`);
  });
  const revoke = new Command("revoke")
    .description("End a robot, and within five seconds the tokens that it has got.")
    .argument("<name>", "its name")
    .requiredOption("--user <name>", "for whom it acts");
  addConfigOptions(revoke, ["data", "catalog"]).action(async (name: string, { user }: Options) => {
    await using accounts = await openAccountsOf((await configOf(revoke)).config);
    if (!(await accounts.removeRobot(user, name))) throw invalid(`${user} has no robot ${name}.`);
    process.stdout.write(`${user}+${name} revoked.\n`);
  });
  const list = new Command("list").description("List robots and what they may do; never their secrets.");
  addConfigOptions(list, ["data", "catalog"]).action(async () => {
    await using accounts = await openAccountsOf((await configOf(list)).config);
    for (const robot of await accounts.listRobots()) process.stdout.write(lineOf(robot));
  });
  return command.addCommand(create).addCommand(list).addCommand(revoke);
}

function readRobot(name: string, { user, on, allow, expires }: Options, secret: string): Robot {
  if (!NAME.test(name))
    throw invalid(`${name} cannot be a robot's name: letters, digits, dots, dashes and underscores.`);
  const wrong = on.find((text) => parsePattern(text) === undefined);
  if (wrong !== undefined)
    throw invalid(`--on ${wrong} is no pattern such as team/app, team/** or team-*/app.`);
  const actions = parseActions(allow.split(","));
  if (!actions) throw invalid(`--allow ${allow} must be some of ${ACTIONS.join(", ")}, read, write, admin.`);
  const ms = expires === undefined ? undefined : readDuration(expires);
  if (expires !== undefined && ms === undefined)
    throw invalid(`--expires ${expires} must be an age such as 12h or 90d.`);
  const created = new Date();
  return {
    name,
    user,
    digest: digestOfSecret(secret),
    on,
    allow: [...actions],
    created,
    ...(ms !== undefined && { expires: new Date(created.getTime() + ms) }),
  };
}

function lineOf({ user, name, on, allow, expires }: Robot): string {
  const until = expires === undefined ? "no expiry" : `until ${expires.toISOString()}`;
  return `${user}+${name}  ${allow.join(",")}  ${on.join(" ")}  ${until}\n`;
}

function invalid(message: string): RegistryError {
  return new RegistryError("CONFIG_INVALID", message);
}
