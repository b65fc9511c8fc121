import { RegistryError } from "../errors.ts";
import { isJsonObject } from "./json.ts";
import { shown } from "./shown.ts";

/** What an image runs on, in Go's words (image-spec "Image Index", `platform`). */
export type Platform = {
  os: string;
  architecture: string;
  variant?: string;
  /** Only Windows has it; not part of the short form. */
  osVersion?: string;
};

const PART = /^[a-zA-Z0-9._-]{1,64}$/;

/**
 * Reads the short form, `os/architecture` or `os/architecture/variant`.
 * @throws PARAMETER_INVALID
 */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split("/", 4);
  const platform = readPlatform({ os, architecture, variant });
  if (platform === undefined || rest.length > 0 || platform.variant !== variant) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      `Platform ${shown(text)} is not of the form os/architecture[/variant]; an example is linux/arm64/v8.`,
    );
  }
  return platform;
}

/** `os/architecture`, and `/variant` if there is one. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined ? base : `${base}/${platform.variant}`;
}

/**
 * The platform in a descriptor's `platform` or an image's config, or `undefined` if it names no system or no
 * architecture. Other parts are left out if they are malformed: content is not refused for its labels.
 */
export function readPlatform(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const { os, architecture, variant, "os.version": osVersion } = value;
  if (!isPart(os) || !isPart(architecture)) return undefined;
  return {
    os,
    architecture,
    ...(isPart(variant) && { variant }),
    ...(isPart(osVersion) && { osVersion }),
  };
}

function isPart(value: unknown): value is string {
  return typeof value === "string" && PART.test(value);
}
