import { Command } from "commander";
import type { ListKind, Registry } from "../client/registry.ts";
import { RegistryError } from "../errors.ts";
import type { Parameters } from "../client/selector.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { fieldColumn, type Column } from "./columns.ts";
import { addSelectorOptions, parametersOf } from "./selector-options.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

/** What one of the four lists is at the command line. */
export type ListCommand = {
  readonly name: string;
  readonly kind: ListKind;
  readonly about: string;
  /** What may follow the registry in the argument. */
  readonly path: string;
  /** The columns of its table, as far as the registry can fill them without a request for each row. */
  readonly columns: readonly string[];
  readonly examples: string;
};

type Options = SessionOptions & { readonly fields?: readonly string[] };

/** A command that lists what a registry has. */
export function listCommand(list: ListCommand): Command {
  const command = new Command(list.name)
    .description(list.about)
    .argument("<registry>", `HOST[:PORT][/${list.path}]`)
    .addHelpText("after", `\nExamples:\n${list.examples}`);
  addSelectorOptions(command, list.kind).option(
    "--fields <fields>",
    "these fields of each, separated by commas",
    (text: string) => text.split(",").map((field) => field.trim()),
  );
  return addSessionOptions(command).action((registry: string, options: Options) =>
    run(list, registry, options),
  );
}

async function run(list: ListCommand, registry: string, options: Options): Promise<void> {
  using session = await Session.open(registry, options);
  const { path } = session.address;
  const name = path === "" ? undefined : parseName(path);
  const { fields, limit } = options;
  const columns = fields?.map((field) => fieldColumn(field, { wholeDigests: true }));
  const pages = session.registry.list({
    kind: list.kind,
    name,
    parameters: parametersOf(options),
    fields,
    limit,
  });
  await session.print(pages, columns ?? defaultColumns(list, { registry: session.registry, within: path }), {
    ifEmpty: async () => {
      if (name !== undefined) await requireBelow(session, name, parametersOf(options));
    },
  });
}

/** Tells a namespace in which nothing fits from one that there is not. `NAME_UNKNOWN`. */
async function requireBelow(
  { registry, address }: Session,
  name: RepositoryName,
  parameters: Parameters,
): Promise<void> {
  const at = parameters.filter(([parameter]) => parameter === "at");
  const below = registry.list({ kind: "repositories", name, parameters: at, fields: ["name"], limit: 1 });
  for await (const { items } of below) if (items.length > 0) return;
  throw new RegistryError(
    "NAME_UNKNOWN",
    `There is no repository or namespace ${name} at ${address.host}, or it is not for you. Look one level up.`,
  );
}

/** A repository's own list does not say on every line which repository it is. */
function defaultColumns(
  { kind, columns }: ListCommand,
  { registry, within }: { registry: Registry; within: string },
): Column[] {
  const offered = registry.fieldsOf(kind);
  return columns
    .filter((field) => offered.includes(field))
    .filter((field) => field !== "repository" || within === "" || kind === "namespaces")
    .map((field) => fieldColumn(field));
}
