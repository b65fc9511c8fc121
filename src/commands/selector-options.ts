import { type Command, InvalidArgumentError, Option } from "commander";
import type { ListKind } from "../client/registry.ts";
import type { Parameters } from "../client/selector.ts";
import { ARTIFACT_CLASSES } from "../oci/artifact-class.ts";

/** An option that stands for a parameter of the lists API. */
type Row = {
  readonly parameter: string;
  readonly flags: string;
  readonly about: string;
  readonly lists: readonly ListKind[];
  /** What the option means, where it takes no value. */
  readonly value?: string;
  /** Whether it may be given several times, all of which must hold. */
  readonly repeated?: true;
};

const ALL: readonly ListKind[] = ["repositories", "tags", "manifests"];
const CONTENT: readonly ListKind[] = ["tags", "manifests"];
const WHEN = "RFC 3339, or an age such as 24h or 7d";

/** Every part of the selector that an option stands for. */
export const SELECTOR_OPTIONS: readonly Row[] = [
  {
    parameter: "under",
    flags: "--under <namespace>",
    about: "the repository of this name and all below it",
    lists: ALL,
  },
  { parameter: "depth", flags: "--depth <segments>", about: "at most so many segments below", lists: ALL },
  { parameter: "repository", flags: "--repository <name>", about: "exactly this repository", lists: ALL },
  {
    parameter: "name",
    flags: "--name <glob>",
    about: "repositories whose whole name is like this; * is any text, ? one character",
    lists: ALL,
  },
  {
    parameter: "tag",
    flags: "--tag <glob>",
    about: "tags like this; of manifests, those with such a tag",
    lists: CONTENT,
  },
  {
    parameter: "digest",
    flags: "--digest <digest>",
    about: "this digest, or those that begin so: sha256:ab12",
    lists: CONTENT,
  },
  {
    parameter: "class",
    flags: "--class <classes>",
    about: `one of these, separated by commas: ${ARTIFACT_CLASSES.join(", ")}`,
    lists: CONTENT,
  },
  { parameter: "artifactType", flags: "--artifact-type <type>", about: "this artifact type", lists: CONTENT },
  { parameter: "mediaType", flags: "--media-type <type>", about: "this media type", lists: CONTENT },
  {
    parameter: "platform",
    flags: "--platform <os/arch[/variant]>",
    about: "what runs on this platform; may be repeated",
    lists: CONTENT,
    repeated: true,
  },
  {
    parameter: "annotation",
    flags: "--annotation <key[=value]>",
    about: "with this annotation; may be repeated",
    lists: CONTENT,
    repeated: true,
  },
  {
    parameter: "label",
    flags: "--label <key[=value]>",
    about: "with this label in the image's config; may be repeated",
    lists: CONTENT,
    repeated: true,
  },
  {
    parameter: "subject",
    flags: "--subject <digest>",
    about: "what refers to this manifest",
    lists: CONTENT,
  },
  { parameter: "tagged", flags: "--tagged", about: "only with tags", lists: ["manifests"], value: "true" },
  {
    parameter: "tagged",
    flags: "--untagged",
    about: "only without tags",
    lists: ["manifests"],
    value: "false",
  },
  {
    parameter: "empty",
    flags: "--empty",
    about: "only repositories without manifests",
    lists: ["repositories"],
    value: "true",
  },
  {
    parameter: "empty",
    flags: "--not-empty",
    about: "only repositories with manifests",
    lists: ["repositories"],
    value: "false",
  },
  {
    parameter: "createdSince",
    flags: "--created-since <when>",
    about: `first pushed at this time or later: ${WHEN}`,
    lists: ALL,
  },
  {
    parameter: "createdBefore",
    flags: "--created-before <when>",
    about: "first pushed before this time",
    lists: ALL,
  },
  {
    parameter: "updatedSince",
    flags: "--updated-since <when>",
    about: "changed at this time or later",
    lists: ALL,
  },
  {
    parameter: "updatedBefore",
    flags: "--updated-before <when>",
    about: "last changed before this time",
    lists: ALL,
  },
];

/** By what each list can be ordered. */
export const ORDERS: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["name", "created", "updated", "size", "pulled"],
  tags: ["name", "created", "updated", "size", "imageSize", "pulled", "semver"],
  manifests: ["name", "created", "updated", "size", "imageSize", "pulled"],
  namespaces: ["name", "updated"],
};

/** Gives a command the options that select and order a list. */
export function addSelectorOptions(command: Command, kind: ListKind): Command {
  for (const { flags, about, repeated, lists } of SELECTOR_OPTIONS) {
    if (!lists.includes(kind)) continue;
    const option = new Option(flags, about);
    if (repeated) option.argParser(collected);
    command.addOption(option);
  }
  return command
    .addOption(new Option("--order-by <field>", "instead of the name").choices(ORDERS[kind]))
    .addOption(new Option("--asc", "smallest, oldest or first first").conflicts("desc"))
    .option("--desc", "largest, newest or last first; so it is for all but names, if neither is given")
    .option("--at <moment>", `as it was then: a revision, or ${WHEN}`);
}

/** What the options of a command say, as parameters of the lists API. */
export function parametersOf(options: Readonly<Record<string, unknown>>): Parameters {
  const selected = SELECTOR_OPTIONS.flatMap(({ parameter, flags, value }) => {
    const given = options[new Option(flags).attributeName()];
    if (value !== undefined) return given === true ? [[parameter, value] as const] : [];
    return named(parameter, given);
  });
  const { orderBy, asc, desc, at } = options;
  const order = [...(asc === true ? ["asc"] : []), ...(desc === true ? ["desc"] : [])];
  return [...selected, ...named("orderBy", orderBy), ...named("order", order), ...named("at", at)];
}

/** A parameter for each text that an option was given. */
function named(parameter: string, given: unknown): Parameters {
  const texts = [given].flat().filter((text) => typeof text === "string");
  return texts.map((text) => [parameter, text]);
}

function collected(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** A reader for options that are whole numbers from 1 on. */
export function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`It has to be a whole number from 1 to ${max}.`);
  };
}
