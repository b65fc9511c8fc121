import { RegistryError } from "../errors.ts";
import { parseDigest, type Digest } from "./digest.ts";
import { isJsonObject } from "./json.ts";
import { readPlatform, type Platform } from "./platform.ts";
import { shown } from "./shown.ts";

/** What points to content, from within other content (image-spec "Content Descriptors"). */
export type Descriptor = {
  mediaType: string;
  digest: Digest;
  /** In bytes. */
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
  platform?: Platform;
  urls?: string[];
  /** The content itself in base64, as it was given. */
  data?: string;
};

/** The longest media or artifact type, in characters: RFC 6838 allows 127 on each side of the slash. */
export const TYPE_LENGTH_MAX = 255;

/**
 * Reads a descriptor out of a manifest. `where` is its place there, for messages: `layers[3]`. Fields that
 * image-spec does not know are ignored, and null is the same as absent, as for clients written in Go.
 * @throws MANIFEST_INVALID
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isJsonObject(value)) throw invalid(where, value, "must be a descriptor, an object");
  const artifactType = parseArtifactType(value["artifactType"], `${where}.artifactType`);
  const annotations = parseAnnotations(value["annotations"], `${where}.annotations`);
  const platform = readPlatform(value["platform"]);
  const urls = parseUrls(value["urls"], `${where}.urls`);
  const data = value["data"] ?? undefined;
  if (data !== undefined && typeof data !== "string")
    throw invalid(`${where}.data`, data, "must be text in base64");
  return {
    mediaType: parseType(value["mediaType"], `${where}.mediaType`),
    digest: parseDigestAt(value["digest"], `${where}.digest`),
    size: parseSize(value["size"], `${where}.size`),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
    ...(platform !== undefined && { platform }),
    ...(urls !== undefined && { urls }),
    ...(data !== undefined && { data }),
  };
}

/**
 * Reads an artifact type: `undefined` for none, which the empty string is as well.
 * @throws MANIFEST_INVALID
 */
export function parseArtifactType(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : parseType(value, where);
}

/**
 * Reads annotations, any text to any text, except that neither may contain NUL: no database keeps it.
 * @throws MANIFEST_INVALID
 */
export function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw invalid(where, value, "must be an object");
  for (const [key, text] of Object.entries(value)) {
    if (!isAnnotation(key, text)) throw invalid(`${where}[${shown(key)}]`, text, "must be text without NUL");
  }
  return value as Record<string, string>;
}

/** Whether this can be an annotation or a label. */
export function isAnnotation(key: string, value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0") && !key.includes("\0");
}

function parseType(value: unknown, where: string): string {
  if (typeof value !== "string" || value === "" || value.length > TYPE_LENGTH_MAX || /\p{Cc}/u.test(value)) {
    throw invalid(where, value, `must be a media type of at most ${TYPE_LENGTH_MAX} characters`);
  }
  return value;
}

function parseDigestAt(value: unknown, where: string): Digest {
  if (typeof value !== "string") throw invalid(where, value, "must be a digest, a text");
  try {
    return parseDigest(value);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : "";
    throw new RegistryError("MANIFEST_INVALID", `In the manifest, ${where} is not valid. ${problem}`, {
      cause,
    });
  }
}

function parseSize(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(where, value, `must be a whole number of bytes from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  // JSON can say -0, which is not the same to everyone; the sum is 0.
  return value + 0;
}

function parseUrls(value: unknown, where: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((url) => typeof url === "string")) return value;
  throw invalid(where, value, "must be an array of texts");
}

function invalid(where: string, value: unknown, demand: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `In the manifest, ${where} is ${shown(value)}; it ${demand}.`);
}
