import type { Event, EventType } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import type { RepositoryName } from "../oci/name.ts";
import { PARAMETERS } from "./selector-parameters.ts";

/** All types of events. */
export const EVENT_TYPES: readonly EventType[] = [
  "repository.created",
  "repository.deleted",
  "manifest.pushed",
  "manifest.deleted",
  "tag.set",
  "tag.deleted",
];

/** The parts of a selector that an event can be asked for; each is that of lists, save `type`. */
export const EVENT_PARAMETERS = [
  "type",
  "under",
  "repository",
  "name",
  "tag",
  "digest",
  "artifactType",
  "mediaType",
] as const;
/** Those that one repository's events take. */
export const OWN_EVENT_PARAMETERS = EVENT_PARAMETERS.filter(
  (name) => !["under", "repository", "name"].includes(name),
);

/** Which events are meant: all that every given part holds for. One that has no such thing as is asked for is not meant. */
export type EventSelector = {
  readonly types?: readonly EventType[] | undefined;
  readonly under?: string | undefined;
  readonly repository?: RepositoryName | undefined;
  /** Patterns: `*` is any text, `?` any character. */
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly mediaType?: string | undefined;
};

/** What of an event a selector looks at. */
type Selected = Pick<Event, "type" | "repository" | "tag" | "digest" | "manifest">;

/**
 * Reads a selector from parameters, each given once; what is not among `taken` is left to others.
 * @throws PARAMETER_INVALID with `detail.parameter`
 */
export function readEventSelector(
  params: Iterable<readonly [string, string]>,
  taken: readonly string[] = EVENT_PARAMETERS,
): EventSelector {
  const selector: { -readonly [Part in keyof EventSelector]: EventSelector[Part] } = {};
  for (const [name, text] of params) {
    if (!taken.includes(name) || text === "") continue;
    const given = name === "type" ? selector.types : selector[name as "name"];
    if (given !== undefined) throw invalid(name, `${name} is given more than once; give it once`);
    Object.assign(selector, name === "type" ? { types: readTypes(text) } : readPart(name, text));
  }
  return selector;
}

function readPart(name: string, text: string): EventSelector {
  const parameter = PARAMETERS[name];
  const part = parameter?.read(text, { selector: {}, now: new Date() });
  if (part) return part;
  throw invalid(name, `${name} is ${shown(text)}; it must be ${parameter?.form ?? "another"}`);
}

function readTypes(text: string): EventType[] {
  return text.split(",").map((word) => {
    const type = EVENT_TYPES.find((one) => one === word);
    if (type) return type;
    throw invalid(
      "type",
      `type is ${shown(text)}; it must be some of ${EVENT_TYPES.join(", ")}, with commas between them`,
    );
  });
}

function invalid(parameter: string, sentence: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", `${sentence}.`, { detail: { parameter } });
}

/** True when an event is meant. */
export function selects(selector: EventSelector, event: Selected): boolean {
  const { types, under, repository, name, tag, digest, artifactType, mediaType } = selector;
  const { manifest } = event;
  return (
    (types === undefined || types.includes(event.type)) &&
    (repository === undefined || event.repository === repository) &&
    (under === undefined || event.repository === under || event.repository.startsWith(`${under}/`)) &&
    (name === undefined || isLike(event.repository, name)) &&
    (tag === undefined || (event.tag !== undefined && isLike(event.tag, tag))) &&
    (digest === undefined || event.digest?.startsWith(digest) === true) &&
    (artifactType === undefined || manifest?.artifactType === artifactType) &&
    (mediaType === undefined || manifest?.mediaType === mediaType)
  );
}

/** Only the last star that was met can have to take more, so that nothing is tried twice. */
function isLike(text: string, glob: string): boolean {
  let [at, wanted] = [0, 0];
  let star: { readonly behind: number; taken: number } | undefined;
  while (at < text.length) {
    const sign = glob[wanted];
    if (sign === "*") star = { behind: ++wanted, taken: at };
    else if (sign !== undefined && (sign === "?" || sign === text[at])) [at, wanted] = [at + 1, wanted + 1];
    else if (star) [wanted, at] = [star.behind, ++star.taken];
    else return false;
  }
  while (glob[wanted] === "*") wanted++;
  return wanted === glob.length;
}
