import { RegistryError } from "../errors.ts";
import { parseAnnotations, parseArtifactType, parseDescriptor, type Descriptor } from "./descriptor.ts";
import { isJsonObject, parseJson, type JsonObject } from "./json.ts";
import { isImageType, isIndexType, isSchema1Type, MEDIA_TYPES, parseMediaType } from "./media-type.ts";
import { formatPlatform, type Platform } from "./platform.ts";
import { shown } from "./shown.ts";

/** What the registry understands of a manifest. Its bytes are kept beside this, exactly as they came. */
export type Manifest = {
  /** `image`: a config and layers; `index`: other manifests; `other`: of a media type without a meaning here. */
  kind: "image" | "index" | "other";
  mediaType: string;
  /** What it is, as distribution-spec lists it: its own artifactType, else an image's config media type. */
  artifactType?: string;
  subject?: Descriptor;
  config?: Descriptor;
  layers: Descriptor[];
  manifests: Descriptor[];
  annotations: Record<string, string>;
  /** Those an index offers, in its order, each once. An image's own is in its config. */
  platforms: Platform[];
};

/** More descriptors than a manifest of 4 MiB with real digests holds: reached only where that limit was raised. */
const DESCRIPTORS_MAX = 50_000;

/** Fields that other kinds have. A document that is two kinds at once shows different content to different clients. */
const FOREIGN_TO_IMAGE = ["manifests", "fsLayers"];
const FOREIGN_TO_INDEX = ["config", "layers", "fsLayers"];

/**
 * Reads a manifest as it was pushed. Its kind follows from the media type: that of the Content-Type, else of the
 * body, else what the body looks like; the same bytes never have two kinds. Content of a media type that is no
 * manifest's is not looked into, except that subject, artifactType and annotations are taken if they are there and well
 * formed.
 * @throws MANIFEST_INVALID
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const declared =
    contentType === undefined || contentType.trim() === "" ? undefined : parseMediaType(contentType);
  if (declared !== undefined && kindOf(declared) === "other")
    return readOther(declared, readLeniently(bytes));
  const body = parseJson(bytes);
  if (!isJsonObject(body)) throw invalid(`The manifest is ${shown(body)}; it must be a JSON object`);
  const mediaType = declared ?? bodyMediaType(body) ?? deduceMediaType(body);
  const kind = kindOf(mediaType);
  if (kind === "other") return readOther(mediaType, body);
  requireSameMediaType(mediaType, body);
  requireOneReading(mediaType, body);
  if (body["schemaVersion"] === 1) throw schema1();
  if (body["schemaVersion"] !== 2) {
    throw invalid(`In the manifest, schemaVersion is ${shown(body["schemaVersion"])}; it must be 2`);
  }
  return kind === "image" ? readImage(mediaType, body) : readIndex(mediaType, body);
}

/** What the manifest's content takes, in bytes: an image's config and layers, an index's manifests. At most 2^53-1. */
export function imageSize(manifest: Manifest): number {
  const parts = [...manifest.layers, ...manifest.manifests];
  const size = parts.reduce((sum, part) => sum + part.size, manifest.config?.size ?? 0);
  return Math.min(size, Number.MAX_SAFE_INTEGER);
}

function readImage(mediaType: string, body: JsonObject): Manifest {
  refuseForeign(body, FOREIGN_TO_IMAGE);
  const config = parseDescriptor(body["config"], "config");
  return {
    kind: "image",
    mediaType,
    artifactType: config.mediaType,
    ...readDescription(body),
    config,
    layers: parseDescriptors(body["layers"] ?? [], "layers"),
    manifests: [],
    platforms: [],
  };
}

function readIndex(mediaType: string, body: JsonObject): Manifest {
  refuseForeign(body, FOREIGN_TO_INDEX);
  // Clients written in Go write null for an empty list; only its absence says that this is no index.
  const manifests = parseDescriptors(body["manifests"] === null ? [] : body["manifests"], "manifests");
  return {
    kind: "index",
    mediaType,
    ...readDescription(body),
    layers: [],
    manifests,
    platforms: platformsOf(manifests),
  };
}

/** What every kind of manifest may have. */
function readDescription(body: JsonObject): Pick<Manifest, "artifactType" | "subject" | "annotations"> {
  const artifactType = parseArtifactType(body["artifactType"], "artifactType");
  return {
    annotations: parseAnnotations(body["annotations"], "annotations") ?? {},
    ...(artifactType !== undefined && { artifactType }),
    ...(body["subject"] != null && { subject: parseDescriptor(body["subject"], "subject") }),
  };
}

function readOther(mediaType: string, body: JsonObject): Manifest {
  if (isSchema1Type(mediaType)) throw schema1();
  if (typeof body["mediaType"] === "string") requireSameMediaType(mediaType, body);
  if (body["schemaVersion"] === 2) requireOneReading(mediaType, body);
  const artifactType = unlessRefused(() => parseArtifactType(body["artifactType"], "artifactType"));
  const subject = unlessRefused(() => parseDescriptor(body["subject"], "subject"));
  return {
    kind: "other",
    mediaType,
    annotations: unlessRefused(() => parseAnnotations(body["annotations"], "annotations")) ?? {},
    ...(artifactType !== undefined && { artifactType }),
    ...(subject !== undefined && { subject }),
    layers: [],
    manifests: [],
    platforms: [],
  };
}

function readLeniently(bytes: Uint8Array): JsonObject {
  const body = unlessRefused(() => parseJson(bytes));
  return isJsonObject(body) ? body : {};
}

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function parseDescriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value))
    throw invalid(`In the manifest, ${where} is ${shown(value)}; it must be an array`);
  if (value.length > DESCRIPTORS_MAX) {
    throw invalid(`In the manifest, ${where} has ${value.length} entries; ${DESCRIPTORS_MAX} are the most`);
  }
  return value.map((entry, at) => parseDescriptor(entry, `${where}[${at}]`));
}

function platformsOf(manifests: Descriptor[]): Platform[] {
  const found = new Map<string, Platform>();
  for (const { platform } of manifests) {
    if (platform === undefined) continue;
    const name = formatPlatform(platform);
    // BuildKit marks attestations so, which run nowhere.
    if (name !== "unknown/unknown") found.set(`${name} ${platform.osVersion ?? ""}`, platform);
  }
  return [...found.values()];
}

function kindOf(mediaType: string): Manifest["kind"] {
  if (isIndexType(mediaType)) return "index";
  return isImageType(mediaType) ? "image" : "other";
}

function bodyMediaType(body: JsonObject): string | undefined {
  return typeof body["mediaType"] === "string" ? parseMediaType(body["mediaType"]) : undefined;
}

function deduceMediaType(body: JsonObject): string {
  if (body["schemaVersion"] === 1) throw schema1();
  if (body["manifests"] != null) return MEDIA_TYPES.ociIndex;
  if (body["config"] != null || body["layers"] != null) return MEDIA_TYPES.ociManifest;
  throw invalid(
    "The manifest has no mediaType and looks like neither an image nor an index; " +
      "send its media type as Content-Type",
  );
}

function requireSameMediaType(mediaType: string, body: JsonObject): void {
  const own = body["mediaType"];
  if (own === undefined || own === null || own === mediaType) return;
  throw invalid(
    `The manifest was sent as ${shown(mediaType)} and says of itself that it is ${shown(own)}; send it as what it is`,
  );
}

/**
 * What a digest means is kept once for all repositories, so bytes that do not say what they are may be only one thing:
 * what they look like. Otherwise whoever pushed them first, as something else, would decide it for everyone.
 */
function requireOneReading(mediaType: string, body: JsonObject): void {
  if (body["mediaType"] != null || (body["manifests"] == null && body["config"] == null)) return;
  const only = deduceMediaType(body);
  if (only === mediaType) return;
  throw invalid(
    `The manifest was sent as ${shown(mediaType)} and does not say so itself, so it can only be ${only}; ` +
      "send it as that, or put its media type into its mediaType",
  );
}

function refuseForeign(body: JsonObject, fields: string[]): void {
  const field = fields.find((name) => body[name] != null);
  if (field === undefined) return;
  throw invalid(
    `The manifest has ${field}, which belongs to another kind of manifest; send each kind by itself`,
  );
}

function schema1(): RegistryError {
  return invalid(
    "Docker schema 1 manifests are not supported; push the image again with a client that writes " +
      "OCI or Docker schema 2 manifests, as all have done since Docker 1.10",
  );
}

function invalid(sentence: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `${sentence}.`);
}
