import { digestParts, parseDigest, type Digest } from "./digest.ts";
import { parseTag, type Tag } from "./tag.ts";

/** What a manifest is asked for by: `<tag-or-digest>` in distribution-spec. */
export type Reference = { kind: "tag"; tag: Tag } | { kind: "digest"; digest: Digest };

/** How much of a digest the referrers tag schema keeps, in characters. */
const FALLBACK_ALGORITHM_MAX = 32;
const FALLBACK_ENCODED_MAX = 64;

/**
 * Reads a tag or a digest; no tag contains a colon, every digest does.
 * @throws TAG_INVALID, DIGEST_INVALID
 */
export function parseReference(text: string): Reference {
  if (text.includes(":")) return { kind: "digest", digest: parseDigest(text) };
  return { kind: "tag", tag: parseTag(text) };
}

/** The text that {@link parseReference} reads as this reference. */
export function formatReference(reference: Reference): string {
  return reference.kind === "tag" ? reference.tag : reference.digest;
}

/**
 * The tag under which clients keep a subject's referrers where a registry has no referrers API
 * (distribution-spec "Referrers Tag Schema").
 */
export function fallbackTag(subject: Digest): Tag {
  const { algorithm, encoded } = digestParts(subject);
  const kept = `${algorithm.slice(0, FALLBACK_ALGORITHM_MAX)}-${encoded.slice(0, FALLBACK_ENCODED_MAX)}`;
  return parseTag(kept.replaceAll(/[^a-zA-Z0-9._-]/g, "-"));
}
