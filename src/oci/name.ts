import { RegistryError } from "../errors.ts";
import { shown } from "./shown.ts";

declare const brand: unique symbol;

/** A repository's name, such as `library/debian`. Obtained only from {@link parseName}. */
export type RepositoryName = string & { readonly [brand]: "RepositoryName" };

/** The longest name, in bytes (names are ASCII). Clients count the host in, so theirs may end sooner. */
export const NAME_BYTES_MAX = 255;

// One path component. The next one or two characters always decide how it goes on: no input makes it backtrack far.
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/**
 * Reads a repository name (distribution-spec "Pulling manifests", `<name>`).
 * @throws NAME_INVALID
 */
export function parseName(text: string): RepositoryName {
  if (text.length > NAME_BYTES_MAX) {
    throw new RegistryError(
      "NAME_INVALID",
      `Repository name ${shown(text)} is longer than ${NAME_BYTES_MAX} bytes.`,
    );
  }
  if (!text.split("/").every((component) => COMPONENT.test(component))) {
    throw new RegistryError(
      "NAME_INVALID",
      `Repository name ${shown(text)} is not valid: use lower-case letters and digits, single . or _, __ or ` +
        "any number of - between them, and / between components.",
    );
  }
  return text as RepositoryName;
}
