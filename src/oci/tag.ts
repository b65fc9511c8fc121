import { RegistryError } from "../errors.ts";
import { shown } from "./shown.ts";

declare const brand: unique symbol;

/** A name for a manifest that can be moved, such as `v1.2`. Obtained from {@link parseTag}. */
export type Tag = string & { readonly [brand]: "Tag" };

const GRAMMAR = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * Reads a tag (distribution-spec "Pulling manifests").
 * @throws TAG_INVALID
 */
export function parseTag(text: string): Tag {
  if (!GRAMMAR.test(text)) {
    throw new RegistryError(
      "TAG_INVALID",
      `Tag ${shown(text)} is not valid: use 1 to 128 letters, digits, _ . and -, and begin with neither . nor -.`,
    );
  }
  return text as Tag;
}
