import type { ListKind, ListQuery } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { enumerated, shown } from "../oci/shown.ts";
import type { Query } from "./query.ts";

type Include = NonNullable<ListQuery["include"]> extends ReadonlySet<infer Name> ? Name : never;

/** Fields of each list's items, in the order in which they are shown. */
export const FIELDS: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: [
    "name",
    "created",
    "updated",
    "pulled",
    "tagCount",
    "manifestCount",
    "size",
    "latest",
    "artifactTypes",
  ],
  tags: [
    "repository",
    "name",
    "digest",
    "mediaType",
    "artifactType",
    "class",
    "size",
    "imageSize",
    "created",
    "updated",
    "pulled",
    "platforms",
    "annotations",
    "labels",
  ],
  manifests: [
    "repository",
    "digest",
    "mediaType",
    "artifactType",
    "class",
    "size",
    "imageSize",
    "pushed",
    "pulled",
    "subject",
    "imageCreated",
    "platforms",
    "annotations",
    "labels",
    "tags",
    "tagCount",
  ],
  namespaces: ["path", "repository", "repositoryCount", "created", "updated"],
};

/** Fields that are there on request only. */
export const INCLUDES: Readonly<Record<ListKind, readonly Include[]>> = {
  repositories: ["latest", "artifactTypes"],
  tags: ["platforms", "annotations", "labels"],
  manifests: [],
  namespaces: [],
};

/** Fields that name an item: with no others, a page may be larger. */
const NAMES: Readonly<Record<ListKind, readonly string[]>> = {
  repositories: ["name"],
  tags: ["repository", "name"],
  manifests: ["repository", "digest"],
  namespaces: ["path"],
};

/** What of its items a list shows. */
export type Shown = {
  /** All but those on request when absent. */
  readonly fields?: readonly string[] | undefined;
  readonly include: ReadonlySet<Include>;
  readonly namesOnly: boolean;
};

/** Reads `fields` and `include`; a field on request that is named by the former needs not be by the latter. `PARAMETER_INVALID`. */
export function readShown(kind: ListKind, query: Query): Shown {
  const fields = namesIn(query, "fields", FIELDS[kind]);
  const include = namesIn(query, "include", INCLUDES[kind]) ?? [];
  const wanted = INCLUDES[kind].filter((name) => include.includes(name) || fields?.includes(name));
  return {
    fields: fields && [...fields, ...include],
    include: new Set(wanted),
    namesOnly: fields !== undefined && [...fields, ...include].every((name) => NAMES[kind].includes(name)),
  };
}

/** An item with only the fields that were asked for. */
export function pick(item: object, fields: readonly string[] | undefined): object {
  if (!fields) return item;
  const picked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(item)) if (fields.includes(name)) picked[name] = value;
  return picked;
}

function namesIn(query: Query, parameter: string, allowed: readonly string[]): readonly string[] | undefined {
  const text = query.getAll(parameter).join(",");
  if (text === "") return undefined;
  const names = text.split(",");
  const wrong = names.find((name) => !allowed.includes(name));
  if (wrong === undefined) return names;
  const may = allowed.length === 0 ? "this list has none" : `it may have ${enumerated(allowed)}`;
  throw new RegistryError("PARAMETER_INVALID", `${parameter} has ${shown(wrong)}; ${may}.`, {
    detail: { parameter, allowed },
  });
}
