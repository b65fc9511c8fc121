import { Command } from "commander";
import type { Item, Page } from "../client/registry.ts";
import type { Parameters } from "../client/selector.ts";
import { fieldColumn, shortDigest, type Column } from "./columns.ts";
import { addSessionOptions, Session, type SessionOptions } from "./session.ts";

/** What all types of events of ours begin with. */
const TYPE_PREFIX = "dev.supercargo.";

const EXAMPLES = `
Examples:
  supercargo events localhost:5000 --since 24h
  supercargo events localhost:5000/team/app --type tag.set --type tag.deleted
  supercargo events localhost:5000 --after 4711 --output ndjson
  supercargo events localhost:5000/team/app --follow`;

const COLUMNS: readonly Column[] = [
  { title: "REVISION", cell: ({ id }) => text(id).replace(/^0+(?=.)/, "") },
  fieldColumn("time"),
  { title: "EVENT", cell: typeOf },
  fieldColumn("subject"),
  { title: "DIGEST", cell: (event) => shortDigest(text(dataOf(event)["digest"])) },
  { title: "ACTOR", cell: (event) => text(dataOf(event)["actor"]) },
];

type Options = SessionOptions & {
  readonly after?: string;
  readonly since?: string;
  readonly follow?: true;
  readonly type?: readonly string[];
};

/** `supercargo events`: what happened in a registry. */
export function eventsCommand(): Command {
  const command = new Command("events")
    .description(
      "List what happened in a registry, or in a repository, oldest first. With --output json or ndjson, as CloudEvents.\n" +
        "Only Supercargo keeps that.",
    )
    .argument("<registry>", "HOST[:PORT][/NAME]")
    .option("--after <revision>", "what came after this revision; from the beginning of the log if left out")
    .option("--since <when>", "what came at this time or later: RFC 3339, or an age such as 24h or 7d")
    .option(
      "--follow",
      "go on with what happens, until it is interrupted; from now on if nothing says where to begin",
    )
    .option(
      "--type <event>",
      "only this one, such as tag.set; may be repeated",
      (value: string, before?: string[]) => [...(before ?? []), value],
    )
    .addHelpText("after", EXAMPLES);
  return addSessionOptions(command).action(run);
}

async function run(registry: string, options: Options): Promise<void> {
  using session = await Session.open(registry, options);
  const { limit, follow: isLive = false } = options;
  const selector = selectorOf(session, options);
  const pages = isLive
    ? following(session, options, selector)
    : session.registry.events({ parameters: [...placeOf(options), ...selector], limit });
  await session.print(isLive ? firstOf(pages, limit) : pages, COLUMNS, { isLive });
}

/** Which events are meant, as the registry is asked for them: it sends no others. */
function selectorOf({ address: { path } }: Session, { type }: Options): Parameters {
  return [
    ...(path === "" ? [] : [["repository", path] as const]),
    ...(type === undefined ? [] : [["type", type.join(",")] as const]),
  ];
}

function placeOf({ after, since }: Options): Parameters {
  return Object.entries({ after, since }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
}

/** What has happened since a place, if one is given, and then what happens. */
async function* following(session: Session, options: Options, selector: Parameters): AsyncGenerator<Page> {
  const { registry, library, signal, address } = session;
  const place = placeOf(options);
  let after: string | number | undefined;
  if (place.length === 0) {
    for await (const { revision } of registry.events({ parameters: [], limit: 0 })) after = revision;
  } else {
    for await (const page of registry.events({ parameters: [...place, ...selector] })) {
      yield page;
      after = page.cursor ?? after;
    }
  }
  const { type: types } = options;
  const repository = address.path === "" ? {} : { repository: address.path };
  const follow = { after: after ?? 0, signal, ...repository, ...(types && { types }) };
  for await (const event of library.events(follow)) {
    if (event.type !== `${TYPE_PREFIX}bookmark`) yield { items: [event] };
  }
}

/** Pages up to so many items. */
async function* firstOf(pages: AsyncIterable<Page>, limit = Infinity): AsyncGenerator<Page> {
  let left = limit;
  for await (const page of pages) {
    const items = page.items.slice(0, left);
    yield { ...page, items };
    left -= items.length;
    if (left === 0) return;
  }
}

function typeOf({ type }: Item): string {
  const whole = text(type);
  return whole.startsWith(TYPE_PREFIX) ? whole.slice(TYPE_PREFIX.length) : whole;
}

function dataOf({ data }: Item): Item {
  return typeof data === "object" && data !== null ? (data as Item) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
