import { hash } from "node:crypto";
import { RegistryError } from "../errors.ts";
import { enumerated, shown } from "./shown.ts";

declare const brand: unique symbol;

/** `<algorithm>:<encoded>` by image-spec "Digests". Obtained from {@link parseDigest} or {@link digestOf}. */
export type Digest = string & { readonly [brand]: "Digest" };

/** An algorithm that the registry can compute and so verify. */
export type SupportedAlgorithm = "sha256" | "sha512";

/** The longest digest accepted, in characters; one of sha512 has 135. */
const DIGEST_LENGTH_MAX = 255;

// The next character always decides how this goes on, so no input makes it backtrack.
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const HEX = /^[a-f0-9]+$/;

/** How many hexadecimal digits the encoded part of each supported algorithm has. */
const HEX_DIGITS: Readonly<Record<SupportedAlgorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * Reads a digest. One of an algorithm that the registry does not support is a digest as well, if it fits the
 * grammar: image-spec asks for that, and manifests may name such content.
 * @throws DIGEST_INVALID
 */
export function parseDigest(text: string): Digest {
  if (text.length > DIGEST_LENGTH_MAX) throw invalid(text, `is longer than ${DIGEST_LENGTH_MAX} characters`);
  if (!GRAMMAR.test(text)) throw invalid(text, "is not of the form <algorithm>:<encoded>");
  const digest = text as Digest;
  const algorithm = supportedAlgorithm(digest);
  if (algorithm === undefined) return digest;
  const { encoded } = digestParts(digest);
  const digits = HEX_DIGITS[algorithm];
  if (encoded.length !== digits || !HEX.test(encoded)) {
    throw invalid(text, `does not have the ${digits} lower-case hexadecimal digits of ${algorithm}`);
  }
  return digest;
}

/**
 * Reads the name of an algorithm that the registry can compute.
 * @throws DIGEST_INVALID naming those it can
 */
export function parseAlgorithm(text: string): SupportedAlgorithm {
  if (isSupported(text)) return text;
  const supported = enumerated(Object.keys(HEX_DIGITS));
  throw new RegistryError(
    "DIGEST_INVALID",
    `Digest algorithm ${shown(text)} is not supported; use ${supported}.`,
  );
}

/** The two sides of the colon. */
export function digestParts(digest: Digest): { algorithm: string; encoded: string } {
  const colon = digest.indexOf(":");
  return { algorithm: digest.slice(0, colon), encoded: digest.slice(colon + 1) };
}

/** The digest's algorithm, or `undefined` if the registry cannot compute it. */
export function supportedAlgorithm(digest: Digest): SupportedAlgorithm | undefined {
  const { algorithm } = digestParts(digest);
  return isSupported(algorithm) ? algorithm : undefined;
}

/** The digest of these bytes, by sha256 unless told otherwise. */
export function digestOf(bytes: Uint8Array, algorithm: SupportedAlgorithm = "sha256"): Digest {
  return `${algorithm}:${hash(algorithm, bytes, "hex")}` as Digest;
}

/**
 * Succeeds for bytes that have this digest.
 * @throws DIGEST_INVALID
 */
export function requireDigest(bytes: Uint8Array, digest: Digest): void {
  const actual = digestOf(bytes, parseAlgorithm(digestParts(digest).algorithm));
  if (actual !== digest) throw otherDigest(digest, { actual, size: bytes.byteLength });
}

/** The error for so many uploaded bytes that have another digest. */
export function otherDigest(digest: Digest, found: { actual: string; size: number }): RegistryError {
  const message = `The ${found.size} bytes uploaded have digest ${found.actual}, not ${digest}; upload them again.`;
  return new RegistryError("DIGEST_INVALID", message, { detail: found });
}

function isSupported(algorithm: string): algorithm is SupportedAlgorithm {
  return Object.hasOwn(HEX_DIGITS, algorithm);
}

function invalid(text: string, problem: string): RegistryError {
  return new RegistryError(
    "DIGEST_INVALID",
    `Digest ${shown(text)} ${problem}; a digest looks like sha256:<64 lower-case hexadecimal digits>.`,
  );
}
