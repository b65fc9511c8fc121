import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import type { Item } from "../client/registry.ts";
import { fieldColumn, type Column } from "./columns.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

const PATH = "/v2/_supercargo/webhooks";

const EXAMPLES = `
A webhook tells one receiver of events: in order, each until it is taken. For who may do everything in a registry.

Examples:
  supercargo webhook add localhost:5000 scanner --url https://scanner.example/events --type manifest.pushed
  supercargo webhook add localhost:5000 keel --url https://keel.example/v1/webhooks/registry --format distribution
  supercargo webhook add localhost:5000 queue --url nats://nats.example:4222/registry
  supercargo webhook list localhost:5000
  supercargo webhook test localhost:5000 scanner
  supercargo webhook replay localhost:5000 scanner --from 24h`;

const COLUMNS: readonly Column[] = [
  fieldColumn("name"),
  fieldColumn("url"),
  fieldColumn("state"),
  fieldColumn("revision"),
  { title: "BEHIND", cell: ({ lag }) => behind(lag as Item) },
  {
    title: "LAST ERROR",
    cell: ({ error, paused }) => text(paused) || text((error as Item | undefined)?.["reason"]),
  },
];

/** The parts of a selector of events, each an option of `add`. */
const SELECTOR: readonly (readonly [option: string, part: string, about: string])[] = [
  ["--type <events>", "type", "only these events, such as tag.set,tag.deleted"],
  ["--under <namespace>", "under", "only of the repositories of this namespace"],
  ["--repository <name>", "repository", "only of this repository"],
  ["--name <pattern>", "name", "only of repositories of such names, * standing for any text"],
  ["--tag <pattern>", "tag", "only of tags of such names"],
  ["--digest <digest>", "digest", "only of this digest, or of those that begin so"],
  ["--artifact-type <type>", "artifactType", "only of manifests of this artifact type"],
  ["--media-type <type>", "mediaType", "only of manifests of this media type"],
];

/** `supercargo webhook`: who is told of events. */
export function webhookCommand(): Command {
  const command = new Command("webhook").description("Who is told of events.").addHelpText("after", EXAMPLES);
  command.addCommand(addCommand());
  command.addCommand(
    withRegistry("list", "List webhooks, and how far each is.", async (session) => {
      const { items } = (await session.administer(PATH)) as { items: Item[] };
      await session.print(pageOf(...items), COLUMNS);
    }),
  );
  command.addCommand(
    one("show", "Show one webhook.", async (session, name) =>
      show(session, await session.administer(pathOf(name))),
    ),
  );
  command.addCommand(steering("pause", "Send nothing until it is resumed."));
  command.addCommand(steering("resume", "Go on where it was, and try at once."));
  command.addCommand(
    one(
      "replay",
      "Go on from another place of the log, before or after where it was.",
      async (session, name, options) => {
        const from = encodeURIComponent(options.from ?? "");
        await show(
          session,
          await session.administer(`${pathOf(name)}/replay?from=${from}`, { method: "POST" }),
        );
      },
    ).requiredOption("--from <place>", "the revision behind which, or the time or age at which, it begins"),
  );
  command.addCommand(
    one(
      "test",
      "Send a message that is about nothing, and tell what became of it.",
      async (session, name) => {
        await session.print(pageOf(await session.administer(`${pathOf(name)}/test`, { method: "POST" })), [
          fieldColumn("taken"),
          fieldColumn("reason"),
        ]);
      },
    ),
  );
  command.addCommand(
    one("remove", "Remove a webhook.", async (session, name) => {
      await session.administer(pathOf(name), { method: "DELETE" });
      session.note(`webhook ${name} is gone.`);
    }),
  );
  return command;
}

/** What is done to one webhook by a single request, which answers how it is then. */
function steering(name: "pause" | "resume", about: string): Command {
  return one(name, about, async (session, webhook) => {
    await show(session, await session.administer(`${pathOf(webhook)}/${name}`, { method: "POST" }));
  });
}

type Options = SessionOptions & {
  readonly from?: string;
  readonly url?: string;
  readonly format?: string;
  readonly secretFile?: string;
} & Readonly<Record<string, unknown>>;

function addCommand(): Command {
  const command = one("add", "Add a webhook, or have one be another.", async (session, name, options) => {
    const { url, format, from, secretFile } = options;
    const selector = Object.fromEntries(
      SELECTOR.flatMap(([, part]) => (typeof options[part] === "string" ? [[part, options[part]]] : [])),
    );
    const secret = secretFile === undefined ? undefined : (await readFile(secretFile, "utf8")).trim();
    const target = `${pathOf(name)}${from === undefined ? "" : `?from=${encodeURIComponent(from)}`}`;
    const body = JSON.stringify({ url, format, selector, secret });
    const made = (await session.administer(target, { method: "PUT", body })) as Item;
    if (made["secret"] !== undefined) session.note("keep the secret: it is not shown again.");
    await show(session, made, [fieldColumn("secret")]);
  })
    .requiredOption("--url <url>", "where events go: https://, http://, or nats://HOST:PORT/SUBJECT")
    .addOption(
      new Option("--format <format>", "how they are put").choices([
        "structured",
        "binary",
        "batch",
        "distribution",
      ]),
    )
    .option("--secret-file <file>", "what to sign with, as whsec_ and base64; made if it is left out")
    .option(
      "--from <place>",
      "tell what has happened since a revision, time or age; without it from now on, or on from where it is",
    );
  for (const [option, , about] of SELECTOR) command.option(option, about);
  return command.addHelpText(
    "after",
    "\nDeliveries are signed (Standard Webhooks). A secret that the registry makes is shown once.",
  );
}

type Run = (session: Session, name: string, options: Options) => Promise<void>;

function one(name: string, about: string, run: Run): Command {
  const command = new Command(name)
    .description(about)
    .argument("<registry>", "HOST[:PORT]")
    .argument("<name>", "what the webhook is called");
  return addSessionOptions(command).action(async (registry: string, webhook: string, options: Options) => {
    using session = await Session.open(registry, options);
    await run(session, webhook, options);
  });
}

function withRegistry(name: string, about: string, run: (session: Session) => Promise<void>): Command {
  const command = new Command(name).description(about).argument("<registry>", "HOST[:PORT]");
  return addSessionOptions(command).action(async (registry: string, options: Options) => {
    using session = await Session.open(registry, options);
    await run(session);
  });
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

async function* pageOf(...items: unknown[]): AsyncGenerator<{ readonly items: Item[] }> {
  yield { items: items as Item[] };
}

function show(session: Session, item: unknown, more: readonly Column[] = []): Promise<void> {
  return session.print(pageOf(item), [...COLUMNS, ...more]);
}

function behind({ events, seconds }: Item): string {
  if (events === 0) return "";
  return `${String(events)} events${typeof seconds === "number" ? `, ${Math.ceil(seconds)} s` : ""}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
