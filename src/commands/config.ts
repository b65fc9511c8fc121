import { Command, Option } from "commander";
import { stringify } from "yaml";
import type { Setting } from "../config.ts";
import { addConfigOptions, configOf } from "./config-options.ts";

/** `supercargo config show`: what is in force and where it comes from, secrets hidden. */
export function configCommand(): Command {
  const show = new Command("show")
    .description("Print every setting in force with where it comes from. Secrets are hidden.")
    .addOption(
      new Option("-o, --output <format>", "what to print").choices(["yaml", "json"]).default("yaml"),
    );
  addConfigOptions(show).action(async (options: { output: "yaml" | "json" }) => {
    const { settings } = await configOf(show);
    process.stdout.write(
      options.output === "json" ? `${JSON.stringify(settings, undefined, 2)}\n` : asYaml(settings),
    );
  });
  return new Command("config").description("Look at the configuration.").addCommand(show);
}

/** A configuration file that says the same, each line with its source as a comment. Keys that nothing sets are comments. */
function asYaml(settings: readonly Setting[]): string {
  const lines: string[] = [];
  let open = "";
  for (const { key, value, from } of settings) {
    const [group, name] = key.includes(".") ? (key.split(".") as [string, string]) : ["", key];
    if (group !== open && group !== "") lines.push(`${group}:`);
    open = group;
    const indent = group === "" ? "" : "  ";
    lines.push(
      value === undefined
        ? `${indent}# ${name}: not set`
        : `${indent}${stringify({ [name]: value }, { lineWidth: 0 }).trimEnd()}`.replace(/$/m, ` # ${from}`),
    );
  }
  return `${lines.join("\n")}\n`;
}
