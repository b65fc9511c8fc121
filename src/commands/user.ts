import { Command } from "commander";
import type { Accounts } from "../access/accounts.ts";
import { hashPassword, isGoodPassword } from "../access/argon2.ts";
import { isUser } from "../access/policy.ts";
import { RegistryError } from "../errors.ts";
import { openAccountsOf } from "../data.ts";
import { addConfigOptions, configOf } from "./config-options.ts";
import { readPassword } from "./secret-input.ts";

const EXAMPLES = `
The server may be running, and takes what is changed at once. What a user may do is for the policy to say. Passwords come
from standard input, or are asked for.

Examples:
  supercargo user add ann --data /var/lib/supercargo
  supercargo user passwd ann --data /var/lib/supercargo < new-password
  supercargo user list --config /etc/supercargo.yaml`;

/** `supercargo user`: who may log in. */
export function userCommand(): Command {
  const command = new Command("user").description("Users who may log in.").addHelpText("after", EXAMPLES);
  command.addCommand(
    changing("add", "Add a user, with a password.", async (accounts, name) => {
      if (await accounts.findUser(name)) throw invalid(`There is a user ${name} already. Use user passwd.`);
      await accounts.putUser(name, await newHash(name));
      return `User ${name} added.`;
    }),
  );
  command.addCommand(
    changing(
      "passwd",
      "Give a user another password. Tokens to get new ones by end at once.",
      async (accounts, name) => {
        if (!(await accounts.findUser(name))) throw unknownUser(name);
        await accounts.putUser(name, await newHash(name));
        return `User ${name} has another password.`;
      },
    ),
  );
  command.addCommand(
    changing("remove", "Remove a user, and all robots that act for them.", async (accounts, name) => {
      if (!(await accounts.removeUser(name))) throw unknownUser(name);
      return `User ${name} removed.`;
    }),
  );
  const list = new Command("list").description("List users, and when their passwords were set.");
  addConfigOptions(list, ["data", "catalog"]).action(async () => {
    await using accounts = await openAccountsOf((await configOf(list)).config);
    for (const { name, changed } of await accounts.listUsers()) {
      process.stdout.write(`${name}  ${changed.toISOString()}\n`);
    }
  });
  return command.addCommand(list);
}

type Change = (accounts: Accounts, name: string) => Promise<string>;

function changing(name: string, about: string, change: Change): Command {
  const command = new Command(name).description(about).argument("<name>", "the name to log in with");
  return addConfigOptions(command, ["data", "catalog"]).action(async (user: string) => {
    if (!isUser(user) || user.includes("+")) {
      throw invalid(
        `${user} cannot be a user's name: it has no colon, plus or space, and is no word for everybody.`,
      );
    }
    await using accounts = await openAccountsOf((await configOf(command)).config);
    process.stdout.write(`${await change(accounts, user)}\n`);
  });
}

async function newHash(name: string): Promise<string> {
  const password = await readPassword(`Password of ${name}: `);
  if (isGoodPassword(password)) return hashPassword(password);
  throw invalid("The password must have 8 characters or more, and 1024 bytes at the most.");
}

function invalid(message: string): RegistryError {
  return new RegistryError("CONFIG_INVALID", message);
}

function unknownUser(name: string): RegistryError {
  return invalid(`There is no user ${name} here; users of an htpasswd file are changed there.`);
}
