import { RegistryError } from "../errors.ts";
import { isAnnotation } from "./descriptor.ts";
import { isJsonObject, parseJson, type JsonObject } from "./json.ts";
import { readPlatform, type Platform } from "./platform.ts";

/** What an image's config says that is worth listing (image-spec "Image Configuration"). */
export type ImageConfig = {
  /** When its builder says it was built; anything may stand there. */
  created?: Date;
  labels: Record<string, string>;
  platform?: Platform;
};

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** What Go writes for a time that was never set. */
const UNSET = Date.parse("0001-01-01T00:00:00Z");
/** The last time whose ISO form has a year of four digits, which databases and other readers count on. */
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Reads an image's config as far as it can be understood: parts that are malformed are left out. `undefined` if
 * it is no JSON object, as the config of an artifact need not be. Never throws.
 */
export function readImageConfig(bytes: Uint8Array): ImageConfig | undefined {
  const body = readObject(bytes);
  if (body === undefined) return undefined;
  const created = readTime(body["created"]);
  const platform = readPlatform(body);
  return {
    labels: readLabels(body["config"]),
    ...(created !== undefined && { created }),
    ...(platform !== undefined && { platform }),
  };
}

function readObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const body = parseJson(bytes);
    return isJsonObject(body) ? body : undefined;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function readTime(value: unknown): Date | undefined {
  if (typeof value !== "string" || !RFC3339.test(value)) return undefined;
  const time = Date.parse(value);
  return time > UNSET && time <= LAST ? new Date(time) : undefined;
}

function readLabels(execution: unknown): Record<string, string> {
  const labels = isJsonObject(execution) ? execution["Labels"] : undefined;
  if (!isJsonObject(labels)) return {};
  // Not an assignment for each: fromEntries makes own properties even of __proto__.
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => isAnnotation(...entry)),
  );
}
