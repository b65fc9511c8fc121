import type { z } from "zod";
import type { ConfigFile } from "./config/file.ts";
import { CONFIG_SCHEMA, type Config, KEYS, type Key, type Part, PARTS } from "./config/schema.ts";
import { HIDDEN, Secret } from "./config/secret.ts";
import { suggestion } from "./config/suggestion.ts";
import { RegistryError } from "./errors.ts";
import { shown } from "./oci/shown.ts";

export { type Config, KEYS } from "./config/schema.ts";
export { isLoopback, readDuration } from "./config/values.ts";

/** Names the configuration file in the environment; `--config` wins over it. */
export const CONFIG_VARIABLE = "SUPERCARGO_CONFIG";

/**
 * What Kubernetes puts into the environment of every pod for a service named `supercargo`; none of it is ours.
 * See "Discovering services" in its documentation. No key may take one of these names.
 */
const SERVICE_LINK =
  /^SUPERCARGO_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Where settings come from. Flags win over the environment, it over the file, the file over the defaults. */
export type Sources = {
  /** By the key's path; `config` names the file. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** One key as it is in force, for people to read: secrets are hidden. */
export type Setting = { readonly key: string; readonly value: unknown; readonly from: string };

export type LoadedConfig = {
  readonly config: Config;
  readonly settings: readonly Setting[];
  /** The configuration file, when there is one. */
  readonly file: string | undefined;
  /** Where something stands in it, for a person: `supercargo.yaml, line 3`. */
  readonly from: (path: readonly string[]) => string;
};

/** A value, and where it was found. */
type Found = { readonly value: unknown; readonly from: string };

/**
 * The configuration in force, from all of its sources.
 * @throws CONFIG_INVALID naming every problem at once, each with key, value, source and what it may be
 */
export async function loadConfig({ flags, env }: Sources): Promise<LoadedConfig> {
  const path = flags["config"] ?? (env[CONFIG_VARIABLE] || undefined);
  const file = await fileAt(path);
  const raw: Record<string, unknown> = structuredClone(file.values);
  const overrides = new Map<string, Found>();
  for (const key of KEYS) {
    const found = override(key, { flags, env });
    if (found && put(raw, key.path.split("."), found.value)) overrides.set(key.path, found);
  }
  const parsed = CONFIG_SCHEMA.safeParse(raw);
  const problems = [
    ...file.problems,
    ...unknownVariables(env),
    ...problemsOf(parsed.error?.issues ?? [], { raw, file, overrides }),
  ];
  if (problems.length > 0 || !parsed.success) throw invalid(problems);
  const settings = KEYS.map((key) => settingOf(key, { raw, file, overrides, config: parsed.data }));
  const parts = PARTS.map((part) => partOf(part, { raw, file }));
  return {
    config: parsed.data,
    settings: [...settings, ...parts],
    file: path,
    from: (place) => file.from(place),
  };
}

/** What the file says; nothing when there is none. The YAML library is loaded only for one that is there. */
async function fileAt(path: string | undefined): Promise<ConfigFile> {
  if (path === undefined) return { values: {}, problems: [], from: () => "no file" };
  const { readConfigFile } = await import("./config/file.ts");
  return await readConfigFile(path);
}

/** The key's value by flag or else by variable. An empty variable counts as none: that is how compose files leave one out. */
function override(key: Key, { flags, env }: Sources): Found | undefined {
  const flag = flags[key.path];
  if (flag !== undefined) return { value: flag, from: key.flag };
  const variable = env[key.variable];
  return variable ? { value: variable, from: key.variable } : undefined;
}

type Where = {
  readonly raw: unknown;
  readonly file: ConfigFile;
  readonly overrides: ReadonlyMap<string, Found>;
};

function problemsOf(issues: readonly z.core.$ZodIssue[], where: Where): string[] {
  const paths = issues.flatMap((issue) => {
    const path = issue.path.map(String);
    return issue.code === "unrecognized_keys" ? issue.keys.map((name) => [...path, name]) : [path];
  });
  return paths.map((path) => problemAt(path, where));
}

function problemAt(path: readonly string[], where: Where): string {
  const part = PARTS.find((known) => known.path === path[0]);
  return part ? problemIn(part, path, where) : problemOfKey(path, where);
}

function problemIn(part: Part, path: readonly string[], { raw, file }: Where): string {
  const [name, from] = [placeOf(path), file.from(path)];
  const mayBe = part.mayBe(path.slice(1));
  const value = part.isSecret?.(path.slice(1)) ? HIDDEN : shown(at(raw, path));
  if (mayBe !== undefined) return `${name} is ${value} (${from}); it may be ${mayBe}.`;
  const around = path.slice(0, -1);
  const known = part.keys(around.slice(1)).map((key) => placeOf([...around, key]));
  return `${shown(name)} (${from}) is no key.${suggestion(name, known)}`;
}

/** A path as people write it: `policy.rules[0].on`. */
function placeOf(path: readonly string[]): string {
  return path.join(".").replaceAll(/\.(\d+)(?=\.|$)/g, "[$1]");
}

function problemOfKey(path: readonly string[], { raw, file, overrides }: Where): string {
  const name = path.join(".");
  const from = overrides.get(name)?.from ?? file.from(path);
  const key = KEYS.find((known) => known.path === name);
  if (key) {
    // A refused value of a secret key may be the secret with a slip of the pen.
    const value = key.isSecret ? HIDDEN : shown(at(raw, path));
    return `${name} is ${value} (${from}); it may be ${key.mayBe}.`;
  }
  const members = KEYS.map((known) => known.path).filter((known) => known.startsWith(`${name}.`));
  if (members.length > 0) return `${name} (${from}) must hold keys: ${members.join(", ")}.`;
  return `${shown(name)} (${from}) is no key.${suggestion(
    name,
    [...KEYS, ...PARTS].map((known) => known.path),
  )}`;
}

function unknownVariables(env: Sources["env"]): string[] {
  const known = [CONFIG_VARIABLE, ...KEYS.map((key) => key.variable)];
  return Object.keys(env)
    .filter((name) => name.startsWith("SUPERCARGO_") && !known.includes(name) && !SERVICE_LINK.test(name))
    .map((name) => `${name} (environment) is no variable that Supercargo knows.${suggestion(name, known)}`);
}

function settingOf(key: Key, { raw, file, overrides, config }: Where & { config: Config }): Setting {
  const path = key.path.split(".");
  const given = at(raw, path);
  const used = at(config, path);
  // As it was written, save where the meaning is text as well: a secret hides itself, a folder is made absolute.
  const written = (given as string | number | undefined) ?? key.default;
  const value = used instanceof Secret || typeof used === "string" ? used : written;
  const from = overrides.get(key.path)?.from ?? (given === undefined ? "default" : file.from(path));
  return { key: key.path, value: value?.toString(), from };
}

function partOf({ path, isSecret }: Part, { raw, file }: Pick<Where, "raw" | "file">): Setting {
  const value = isSecret ? withoutSecrets(at(raw, [path]), [], isSecret) : at(raw, [path]);
  return { key: path, value, from: value === undefined ? "default" : file.from([path]) };
}

function withoutSecrets(
  value: unknown,
  path: readonly string[],
  isSecret: NonNullable<Part["isSecret"]>,
): unknown {
  if (isSecret(path)) return HIDDEN;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, inner]) => [
    name,
    withoutSecrets(inner, [...path, name], isSecret),
  ]);
  return Object.fromEntries(members);
}

/** Puts a value into nested objects; false when something on the way is no object, which is a problem of its own. */
function put(
  target: Record<string, unknown>,
  [first = "", ...rest]: readonly string[],
  value: unknown,
): boolean {
  if (rest.length === 0) {
    target[first] = value;
    return true;
  }
  const inner = (target[first] ??= {});
  return typeof inner === "object" && put(inner as Record<string, unknown>, rest, value);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, segment) =>
      typeof inner === "object" ? (inner as Record<string, unknown>)?.[segment] : undefined,
    value,
  );
}

function invalid(problems: readonly string[]): RegistryError {
  const title =
    problems.length === 1
      ? "The configuration has a problem:"
      : `The configuration has ${problems.length} problems:`;
  return new RegistryError("CONFIG_INVALID", [title, ...problems].join("\n  "), { detail: { problems } });
}
