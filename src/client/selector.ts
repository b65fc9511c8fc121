import { RegistryError } from "../errors.ts";
import { ARTIFACT_CLASSES, type ArtifactClass } from "../oci/artifact-class.ts";
import { parseDigest, type Digest } from "../oci/digest.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
import { isMeant, meaningOf, type PlatformMeaning } from "../oci/platform-meaning.ts";
import { shown } from "../oci/shown.ts";
import type { Detail } from "./detail.ts";
import { matchesGlob } from "./glob.ts";

/** A selector or an order as it is written in a query of the lists API; names may come more than once. */
export type Parameters = readonly (readonly [name: string, value: string])[];

/** What one has to know of a manifest: that it is there, its headers, itself, or its config as well. */
export type Effort = "name" | "head" | "manifest" | "config";

/**
 * A selector for registries that cannot select: which of what they list is meant. It has the parts that can be told
 * from names and manifests; what only a registry's own records say is not among them.
 */
export class LocalSelector {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly subject: Digest | undefined;
  readonly #classes: readonly ArtifactClass[];
  readonly #platforms: readonly PlatformMeaning[];
  readonly #depthMax: number;

  /** @throws UNSUPPORTED naming all parts that cannot be told there, PARAMETER_INVALID */
  constructor(parameters: Parameters) {
    const unknown = new Set(parameters.map(([name]) => name).filter((name) => !(name in EFFORT_OF)));
    if (unknown.size > 0) throw unsupported([...unknown]);
    this.#values = new Map(
      [...Map.groupBy(parameters, ([name]) => name)].map(([name, all]) => [
        name,
        all.map(([, value]) => value),
      ]),
    );
    const subject = this.#one("subject");
    this.subject = subject === undefined ? undefined : parseDigest(subject);
    this.#classes = (this.#one("class") ?? "").split(",").filter(Boolean).map(readClass);
    this.#platforms = this.#all("platform").map((text) => meaningOf(formatPlatform(parsePlatform(text))));
    const depth = this.#one("depth") ?? "Infinity";
    if (!/^(?:\d+|Infinity)$/.test(depth)) throw invalid("depth", depth, "a whole number of segments");
    this.#depthMax = Number(depth);
    const tagged = this.#one("tagged");
    if (tagged === "false") throw unsupported(["tagged=false"]);
  }

  /** How much of each manifest has to be read to tell. */
  get effort(): Effort {
    return greatest([...this.#values.keys()].map((name) => EFFORT_OF[name] ?? "name"));
  }

  /** The one repository that is meant, where the selector names it. */
  get repository(): string | undefined {
    return this.#one("repository");
  }

  /** Whether repositories with or without tags are meant; `undefined` for both. */
  get empty(): boolean | undefined {
    const empty = this.#one("empty");
    return empty === undefined ? undefined : empty === "true";
  }

  /** Whether the parts that are about the repository hold. */
  matchesRepository(name: string): boolean {
    const under = (this.#one("under") ?? "").replaceAll(/^\/+|\/+$/g, "");
    if (under !== "" && name !== under && !name.startsWith(`${under}/`)) return false;
    const below = under === "" ? name.split("/") : name.slice(under.length).split("/").slice(1);
    const glob = this.#one("name");
    const repository = this.repository;
    return (
      below.length <= this.#depthMax &&
      (repository === undefined || name === repository) &&
      (glob === undefined || matchesGlob(glob, name))
    );
  }

  /** Whether the parts that are about the tag hold. */
  matchesTag(tag: string): boolean {
    const glob = this.#one("tag");
    return glob === undefined || matchesGlob(glob, tag);
  }

  /** Whether the parts that are about the manifest hold, of which as much as `effort` says is known. */
  matchesDetail(detail: Detail): boolean {
    const is = (name: string, value: string | undefined): boolean =>
      this.#one(name) === undefined || this.#one(name) === value;
    return (
      detail.digest.startsWith(this.#one("digest") ?? "") &&
      is("mediaType", detail.mediaType) &&
      is("artifactType", detail.artifactType) &&
      is("subject", detail.subject) &&
      (this.#classes.length === 0 || (detail.class !== undefined && this.#classes.includes(detail.class))) &&
      this.#platforms.every((wanted) => detail.platforms?.some((one) => isMeant(wanted, one))) &&
      this.#all("annotation").every((wanted) => hasKey(detail.annotations, wanted)) &&
      this.#all("label").every((wanted) => hasKey(detail.labels, wanted))
    );
  }

  #all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  #one(name: string): string | undefined {
    return this.#all(name)[0];
  }
}

/** The parts that can be told, with what one has to read for each. */
const EFFORT_OF: Readonly<Record<string, Effort>> = {
  under: "name",
  depth: "name",
  repository: "name",
  name: "name",
  tag: "name",
  tagged: "name",
  empty: "name",
  digest: "head",
  mediaType: "head",
  artifactType: "manifest",
  annotation: "manifest",
  class: "manifest",
  subject: "manifest",
  platform: "config",
  label: "config",
};

const EFFORTS: readonly Effort[] = ["name", "head", "manifest", "config"];

/** The one of these for which most has to be read. */
export function greatest(efforts: readonly Effort[]): Effort {
  return EFFORTS[Math.max(0, ...efforts.map((effort) => EFFORTS.indexOf(effort)))] ?? "name";
}

/** The failure of what only Supercargo can answer. */
export function unsupported(parts: readonly string[]): RegistryError {
  const named = parts.join(", ");
  return new RegistryError(
    "UNSUPPORTED",
    `This registry keeps nothing by which to tell ${named}; leave it out, or ask a Supercargo registry.`,
    { detail: { parameters: parts } },
  );
}

function hasKey(entries: Readonly<Record<string, string>> | undefined, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (entries === undefined) return false;
  if (equals === -1) return Object.hasOwn(entries, wanted);
  const key = wanted.slice(0, equals);
  return Object.hasOwn(entries, key) && entries[key] === wanted.slice(equals + 1);
}

function readClass(text: string): ArtifactClass {
  const found = ARTIFACT_CLASSES.find((one) => one === text);
  if (found === undefined) throw invalid("class", text, `some of ${ARTIFACT_CLASSES.join(", ")}`);
  return found;
}

function invalid(parameter: string, value: string, demand: string): RegistryError {
  const message = `Parameter ${parameter} is ${shown(value)}; it has to be ${demand}.`;
  return new RegistryError("PARAMETER_INVALID", message, { detail: { parameter } });
}
