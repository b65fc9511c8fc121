#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import type { Command } from "commander";

// Compiled code is kept between runs, so that a start does not begin with reading TypeScript. Before any other import.
enableCompileCache();
const { Command: Program, CommanderError } = await import("commander");
const { EXIT_CODES, EXIT_USAGE } = await import("./commands/exit-codes.ts");
const { VERSION } = await import("./commands/version.ts");
const { RegistryError } = await import("./errors.ts");

/** Every command with a line for the overview. Its file is loaded only when it is the one that is wanted. */
const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  serve: {
    summary: "run the registry",
    load: async () => (await import("./commands/serve.ts")).serveCommand(),
  },
  demo: {
    summary: "run a registry full of examples, to try things in",
    load: async () => (await import("./commands/demo.ts")).demoCommand(),
  },
  check: {
    summary: "verify the data against the catalog",
    load: async () => (await import("./commands/check.ts")).checkCommand(),
  },
  config: {
    summary: "look at the configuration",
    load: async () => (await import("./commands/config.ts")).configCommand(),
  },
  policy: {
    summary: "look at who may do what",
    load: async () => (await import("./commands/policy.ts")).policyCommand(),
  },
  user: {
    summary: "add, change, remove and list users",
    load: async () => (await import("./commands/user.ts")).userCommand(),
  },
  token: {
    summary: "make, list and revoke secrets for programs",
    load: async () => (await import("./commands/token.ts")).tokenCommand(),
  },
  repos: {
    summary: "list repositories, of any registry",
    load: async () => (await import("./commands/repos.ts")).reposCommand(),
  },
  namespaces: {
    summary: "list what is directly below a namespace",
    load: async () => (await import("./commands/namespaces.ts")).namespacesCommand(),
  },
  tags: {
    summary: "list tags",
    load: async () => (await import("./commands/tags.ts")).tagsCommand(),
  },
  manifests: {
    summary: "list manifests, untagged ones included",
    load: async () => (await import("./commands/manifests.ts")).manifestsCommand(),
  },
  history: {
    summary: "list what a tag pointed to",
    load: async () => (await import("./commands/history.ts")).historyCommand(),
  },
  search: {
    summary: "search names, tags and what manifests say",
    load: async () => (await import("./commands/search.ts")).searchCommand(),
  },
  events: {
    summary: "list what happened",
    load: async () => (await import("./commands/events.ts")).eventsCommand(),
  },
  mirror: {
    summary: "keep in step with a registry: what is there, then what changes",
    load: async () => (await import("./commands/mirror.ts")).mirrorCommand(),
  },
  webhook: {
    summary: "say who is told of events, and see how far they are",
    load: async () => (await import("./commands/webhook.ts")).webhookCommand(),
  },
  completion: {
    summary: "print what makes a shell complete these commands",
    load: async () => (await import("./commands/completion.ts")).completionCommand(loadAll),
  },
};

const EXAMPLES = `
Examples:
  supercargo serve                        on 127.0.0.1:5000, with data in ./data
  supercargo serve --listen 0.0.0.0:5000 --config /etc/supercargo.yaml
  supercargo config show                  every setting in force, and where it comes from
  supercargo tags localhost:5000 --order-by updated --limit 10
  supercargo repos registry.example/team --output ndjson

Exit codes: 0 done, 1 failed, 2 wrong command or configuration, 3 no such thing, 4 not allowed,
5 no answer, 6 in use by another program, 7 the data cannot be used, 8 a check found faults.`;

/** All of them, with what the overview says of each. */
function loadAll(): Promise<Command[]> {
  const rows = Object.values(COMMANDS);
  return Promise.all(rows.map(async ({ summary, load }) => (await load()).summary(summary)));
}

async function main(args: readonly string[]): Promise<void> {
  const program = new Program("supercargo")
    .description("An OCI registry that can tell you what is in it.")
    .version(VERSION, "-V, --version", "print the version")
    .addHelpText("after", EXAMPLES);
  const wanted = args.filter((arg) => arg !== "help").find((arg) => !arg.startsWith("-"));
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    if (name === wanted) program.addCommand((await load()).summary(summary));
    else program.command(name).summary(summary);
  }
  applyToAll(program, (command) => command.exitOverride().showSuggestionAfterError());
  await program.parseAsync(args, { from: "user" });
}

function applyToAll(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const inner of command.commands) applyToAll(inner, change);
}

/** What a failure means for the process: a line for people, and a code for scripts. */
function exitCodeOf(error: unknown): number {
  // Commander has printed what it has to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof RegistryError) {
    console.error(`supercargo: ${error.message}`);
    return EXIT_CODES[error.code];
  }
  console.error("supercargo: This is a bug, please report it:", error);
  return 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
