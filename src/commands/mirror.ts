import { Command } from "commander";
import type { Page } from "../client/registry.ts";
import { RegistryError } from "../errors.ts";
import type { Change } from "../library/client.ts";
import { fieldColumn, shortDigest, type Column } from "./columns.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

const EXAMPLES = `
Examples:
  supercargo mirror localhost:5000 --once --output ndjson
  supercargo mirror localhost:5000/team --output ndjson | ./scan-what-is-new`;

const COLUMNS: readonly Column[] = [
  fieldColumn("change"),
  fieldColumn("kind"),
  fieldColumn("key"),
  { title: "DIGEST", cell: ({ digest }) => (typeof digest === "string" ? shortDigest(digest) : "") },
];

type Options = SessionOptions & { readonly once?: true };

/** `supercargo mirror`: all that is in a registry, and then what changes. */
export function mirrorCommand(): Command {
  const command = new Command("mirror")
    .description(
      "Keep in step with a registry, or a namespace: print all that is there as added, and then every change, each once,\n" +
        "whatever happens to the connection. After each round of changes comes the revision that has been reached.\n" +
        "Only Supercargo can tell that.",
    )
    .argument("<registry>", "HOST[:PORT][/NAMESPACE]")
    .option("--once", "end when all that is there has been printed")
    .addHelpText("after", EXAMPLES);
  return addSessionOptions(command).action(run);
}

async function run(registry: string, options: Options): Promise<void> {
  using session = await Session.open(registry, options);
  const { path } = session.address;
  await requireEvents(session);
  const mirror = session.library.mirror({ signal: session.signal, ...(path !== "" && { under: path }) });
  const pages = told(mirror.changes(), options);
  await session.print(pages, COLUMNS, { isLive: true });
}

/** Another registry says so before anything is printed. `UNSUPPORTED`. */
async function requireEvents({ registry }: Session): Promise<void> {
  for await (const { revision } of registry.events({ parameters: [], limit: 0 })) {
    if (revision !== undefined) return;
  }
  throw new RegistryError(
    "UNSUPPORTED",
    "This registry cannot tell what happens in it, so there is nothing to keep in step by.",
  );
}

async function* told(
  changes: AsyncIterable<Change>,
  { once, limit = Infinity }: Options,
): AsyncGenerator<Page> {
  let left = limit;
  for await (const change of changes) {
    yield { items: [itemOf(change)] };
    if (change.change === "synced" ? once : --left === 0) return;
  }
}

function itemOf(change: Change): Page["items"][number] {
  if (change.change === "synced") return { ...change, key: `revision ${change.revision}` };
  const { change: what, key } = change;
  if (what === "deleted") return { change: what, key, ...change.before };
  return {
    change: what,
    key,
    ...change.entry,
    ...(what === "updated" && { previousDigest: change.before.digest }),
  };
}
