import { type Command, Option } from "commander";
import { CONFIG_VARIABLE, KEYS, type LoadedConfig, loadConfig } from "../config.ts";

const ALL_KEYS = KEYS.map(({ path }) => path);

/** Gives a command `--config` and a flag for every key, or only for those that matter to it. */
export function addConfigOptions(command: Command, paths: readonly string[] = ALL_KEYS): Command {
  command.option("--config <file>", `YAML file with these keys; also ${CONFIG_VARIABLE}`);
  for (const key of KEYS.filter(({ path }) => paths.includes(path))) {
    const fallback = key.default === undefined ? "" : ` (default: ${key.default})`;
    command.addOption(new Option(key.isSwitch ? key.flag : `${key.flag} <value>`, `${key.about}${fallback}`));
  }
  return command;
}

/**
 * The configuration that a command with these options was given, by flags, environment and file.
 * @throws CONFIG_INVALID
 */
export function configOf(command: Command): Promise<LoadedConfig> {
  const options = command.opts<Record<string, string | true | undefined>>();
  const given = (name: string): string | undefined => options[name]?.toString();
  const named = KEYS.map((key) => [key.path, given(new Option(key.flag).attributeName())] as const);
  return loadConfig({
    flags: { ...Object.fromEntries(named), config: given("config") },
    env: process.env,
  });
}
