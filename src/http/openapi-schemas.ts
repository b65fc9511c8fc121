import type { ListKind } from "../catalog/items.ts";
import { ERROR_CODES } from "../errors.ts";
import { ARTIFACT_CLASSES } from "../oci/artifact-class.ts";
import { NAME_BYTES_MAX } from "../oci/name.ts";
import { FIELDS } from "./list-fields.ts";

/** A JSON Schema (2020-12), as OpenAPI 3.1 embeds them. */
export type Schema = Readonly<Record<string, unknown>>;

/** A reference to one of {@link SCHEMAS}. */
export function schema(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An object of ours: it has no other properties than these. */
export function object(properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}

export function list(items: Schema): Schema {
  return { type: "array", items };
}

const TEXT: Schema = { type: "string" };
const TEXTS: Schema = { type: "object", additionalProperties: TEXT };
const COUNT: Schema = { type: "integer", minimum: 0 };

/** What each field of an item is; it means the same wherever it appears. */
const FIELD: Readonly<Record<string, Schema>> = {
  repository: schema("RepositoryName"),
  name: TEXT,
  path: { ...TEXT, description: "Whole segments of repository names." },
  digest: schema("Digest"),
  mediaType: TEXT,
  artifactType: { ...TEXT, description: "Absent where there is none." },
  class: { type: "string", enum: ARTIFACT_CLASSES },
  size: { ...COUNT, description: "Bytes of the manifest." },
  imageSize: { ...COUNT, description: "Bytes of everything that the manifest names." },
  created: { ...schema("Time"), description: "When it began to exist, or a tag was first set." },
  updated: { ...schema("Time"), description: "When it, or anything in it, changed last." },
  pushed: schema("Time"),
  pulled: { ...schema("Time"), description: "The last pull, to the hour; absent when there was none." },
  subject: schema("Digest"),
  imageCreated: { ...schema("Time"), description: "What the image's config says; nobody vouches for it." },
  platforms: list({ ...TEXT, examples: ["linux/arm64/v8"] }),
  annotations: TEXTS,
  labels: TEXTS,
  tags: { ...list(schema("Tag")), description: "In bytewise order, the first hundred of `tagCount`." },
  tagCount: COUNT,
  manifestCount: COUNT,
  repositoryCount: { ...COUNT, description: "Repositories below it." },
  latest: {
    ...object({ name: schema("Tag"), digest: schema("Digest"), updated: schema("Time") }, [
      "name",
      "digest",
      "updated",
    ]),
    description: "On request: the tag that was moved last.",
  },
  artifactTypes: { ...list(TEXT), description: "On request: the artifact types of its manifests." },
};

/** Where a field has another shape in the items of one list. */
const FIELD_OF: Readonly<Partial<Record<ListKind, Readonly<Record<string, Schema>>>>> = {
  repositories: {
    name: schema("RepositoryName"),
    size: { ...COUNT, description: "Bytes of its manifests and of the blobs they name, each counted once." },
  },
  tags: { name: schema("Tag") },
  namespaces: { repository: { type: "boolean", description: "True when it is a repository itself." } },
};

/** The properties of a list's items. None is required: `fields` chooses among them. */
export function itemProperties(kind: ListKind): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    FIELDS[kind].map((field) => {
      const property = FIELD_OF[kind]?.[field] ?? FIELD[field];
      if (property === undefined) throw new Error(`Nothing says what the field ${field} is.`);
      return [field, property];
    }),
  );
}

/** The name of the schema of each list's items. */
export const ITEM: Readonly<Record<ListKind, string>> = {
  repositories: "RepositoryItem",
  tags: "TagItem",
  manifests: "ManifestItem",
  namespaces: "NamespaceItem",
};

/** A page of a list of ours. */
export function page(items: Schema): Schema {
  const properties = {
    revision: schema("Revision"),
    items: list(items),
    continue: { ...TEXT, description: "Where the next page begins; absent on the last one." },
  };
  return object(properties, ["revision", "items"]);
}

const EVENT = [
  "specversion",
  "type",
  "source",
  "id",
  "sequence",
  "cursor",
  "subject",
  "time",
  "datacontenttype",
  "data",
];
const DESCRIPTOR = { mediaType: TEXT, digest: schema("Digest"), size: COUNT, artifactType: TEXT };

/** Every schema that has a name. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  RepositoryName: { ...TEXT, maxLength: NAME_BYTES_MAX, examples: ["library/debian"] },
  Tag: { ...TEXT, pattern: "^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$" },
  Digest: { ...TEXT, pattern: "^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$" },
  Revision: { ...COUNT, description: "How many events the log has; what a list shows is true at it." },
  Time: {
    ...TEXT,
    format: "date-time",
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$",
    examples: ["2026-08-01T12:00:00.000Z"],
  },
  Failure: object(
    {
      errors: {
        ...list(
          object({ code: { type: "string", enum: ERROR_CODES }, message: TEXT, detail: {} }, [
            "code",
            "message",
          ]),
        ),
        minItems: 1,
      },
    },
    ["errors"],
  ),
  ...Object.fromEntries(
    (Object.keys(ITEM) as ListKind[]).map((kind) => [ITEM[kind], object(itemProperties(kind), [])]),
  ),
  TagChange: object(
    {
      event: { type: "string", enum: ["set", "deleted"] },
      revision: schema("Revision"),
      time: schema("Time"),
      digest: {
        ...schema("Digest"),
        description: "What it pointed to from then on; if deleted, until then.",
      },
      previousDigest: schema("Digest"),
      mediaType: TEXT,
      size: COUNT,
      artifactType: TEXT,
    },
    ["event", "revision", "time", "digest"],
  ),
  Event: object(
    {
      ...Object.fromEntries(EVENT.map((name) => [name, TEXT])),
      specversion: { const: "1.0" },
      type: { ...TEXT, pattern: "^dev\\.supercargo\\.(repository|manifest|tag)\\.[a-z]+$" },
      id: { ...TEXT, pattern: "^\\d{16}$", description: "The event's revision." },
      time: schema("Time"),
      data: schema("EventData"),
    },
    EVENT,
  ),
  EventData: object(
    {
      ...Object.fromEntries(
        ["name", "actor", "requestId", "mediaType", "artifactType"].map((name) => [name, TEXT]),
      ),
      repository: schema("RepositoryName"),
      digest: schema("Digest"),
      previousDigest: schema("Digest"),
      subject: schema("Digest"),
      size: COUNT,
      imageSize: COUNT,
    },
    ["actor", "requestId"],
  ),
  Index: object(
    {
      schemaVersion: { const: 2 },
      mediaType: TEXT,
      manifests: list(object({ ...DESCRIPTOR, annotations: TEXTS }, ["mediaType", "digest", "size"])),
    },
    ["schemaVersion", "mediaType", "manifests"],
  ),
};
