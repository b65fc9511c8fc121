import { Command } from "commander";
import { RegistryError } from "../errors.ts";
import { parseName } from "../oci/name.ts";
import { shown } from "../oci/shown.ts";
import { parseTag } from "../oci/tag.ts";
import { fieldColumn } from "./columns.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

const COLUMNS = ["revision", "time", "event", "digest", "previousDigest", "actor"];

const EXAMPLES = `
Examples:
  supercargo history localhost:5000/team/app:latest
  supercargo history localhost:5000/team/app:latest --limit 1 --output json`;

/** `supercargo history`: what a tag pointed to. */
export function historyCommand(): Command {
  const command = new Command("history")
    .description(
      "List what a tag pointed to, newest first, deletions included, also when it is gone. Only Supercargo keeps that.",
    )
    .argument("<tag>", "HOST[:PORT]/NAME:TAG")
    .addHelpText("after", EXAMPLES);
  return addSessionOptions(command).action(run);
}

async function run(reference: string, options: SessionOptions): Promise<void> {
  using session = await Session.open(reference, options);
  const { path } = session.address;
  const colon = path.lastIndexOf(":");
  if (colon === -1) {
    const message = `${shown(reference)} names no tag; write HOST[:PORT]/NAME:TAG.`;
    throw new RegistryError("PARAMETER_INVALID", message);
  }
  const name = parseName(path.slice(0, colon));
  const tag = parseTag(path.slice(colon + 1));
  const { limit } = options;
  const pages = session.registry.history({ name, tag, parameters: [], limit });
  await session.print(
    pages,
    COLUMNS.map((field) => fieldColumn(field)),
  );
}
