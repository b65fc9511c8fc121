import { Command } from "commander";
import type { Item } from "../client/registry.ts";
import { parseName } from "../oci/name.ts";
import { fieldColumn, shortDigest, type Column } from "./columns.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

const EXAMPLES = `
Words match names, tags, titles, descriptions, and values of annotations and labels. Qualifiers are the selector's names.

Examples:
  supercargo search localhost:5000 redis
  supercargo search localhost:5000/team redis platform:linux/arm64 label:team=infra
  supercargo search localhost:5000 type:chart 'updated:<7d' --limit 20 --output ndjson`;

const COLUMNS: readonly Column[] = [
  fieldColumn("kind"),
  { title: "NAME", cell: nameOf },
  { title: "MATCHED", cell: matchedIn },
];

/** `supercargo search`: everything that words and qualifiers match. */
export function searchCommand(): Command {
  const command = new Command("search")
    .description(
      "Search a registry, or a namespace, for words and qualifiers, best matches first.\n" +
        "Of registries other than Supercargo only the names of repositories are searched.",
    )
    .argument("<registry>", "HOST[:PORT][/NAMESPACE]")
    .argument("<query...>", "words and qualifiers")
    .addHelpText("after", EXAMPLES);
  return addSessionOptions(command).action(run);
}

async function run(registry: string, words: readonly string[], options: SessionOptions): Promise<void> {
  using session = await Session.open(registry, options);
  const { path } = session.address;
  const name = path === "" ? undefined : parseName(path);
  const { limit } = options;
  await session.print(
    session.registry.search({ query: words.join(" "), name, parameters: [], limit }),
    COLUMNS,
  );
}

function nameOf({ kind, repository, name, digest }: Item): string {
  if (kind === "tag") return `${text(repository)}:${text(name)}`;
  if (kind === "manifest") return `${text(repository)}@${shortDigest(text(digest))}`;
  return text(name);
}

function matchedIn({ matched }: Item): string {
  if (!Array.isArray(matched)) return "";
  return (matched as Item[]).map(({ field, value }) => `${text(field)}: ${text(value)}`).join("; ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
