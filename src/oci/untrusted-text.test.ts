import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegistryError, type ErrorCode } from "../errors.ts";
import { parseAlgorithm, parseDigest } from "./digest.ts";
import { parseJson } from "./json.ts";
import { parseLink } from "./link.ts";
import { parseManifest } from "./manifest.ts";
import { MEDIA_TYPES, parseMediaType } from "./media-type.ts";
import { parseName } from "./name.ts";
import { parsePlatform } from "./platform.ts";
import { parseReference } from "./reference.ts";
import { parseTag } from "./tag.ts";

/** The longest message a stranger's text can bring about, in UTF-16 units: it goes into logs and headers. */
const MESSAGE_MAX = 700;

/** Any 16-bit units, so halves of surrogate pairs too, and texts that are nearly right. */
const units = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
const nearly = fc
  .tuple(
    fc.constantFrom(
      `sha256:${"a".repeat(64)}`,
      "blake3:abc",
      "team/app",
      "v1.2",
      "linux/arm64/v8",
      "a/b; c=d",
      "<a>; b=c",
    ),
    fc.nat(70),
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("/", "%2F", "..", "\0", "\u001b[31m", "x".repeat(5000)),
    ),
  )
  .map(([text, at, inserted]) => text.slice(0, at) + inserted + text.slice(at));
const texts = fc.oneof(units, nearly, fc.constant("x".repeat(1_000_000)));

const PARSERS: Record<string, { parse: (text: string) => unknown; codes: readonly ErrorCode[] }> = {
  parseDigest: { parse: parseDigest, codes: ["DIGEST_INVALID"] },
  parseAlgorithm: { parse: parseAlgorithm, codes: ["DIGEST_INVALID"] },
  parseName: { parse: parseName, codes: ["NAME_INVALID"] },
  parseTag: { parse: parseTag, codes: ["TAG_INVALID"] },
  parseReference: { parse: parseReference, codes: ["TAG_INVALID", "DIGEST_INVALID"] },
  parsePlatform: { parse: parsePlatform, codes: ["PARAMETER_INVALID"] },
  parseMediaType: { parse: parseMediaType, codes: ["MANIFEST_INVALID"] },
  parseLink: { parse: parseLink, codes: [] },
  parseJson: { parse: (text) => parseJson(Buffer.from(text)), codes: ["MANIFEST_INVALID"] },
  parseManifest: {
    parse: (text) => parseManifest(Buffer.from(text), MEDIA_TYPES.ociManifest),
    codes: ["MANIFEST_INVALID"],
  },
  "parseManifest's Content-Type": {
    parse: (text) => parseManifest(new Uint8Array(), text),
    codes: ["MANIFEST_INVALID"],
  },
};

for (const [name, { parse, codes }] of Object.entries(PARSERS)) {
  test(`${name} refuses any text with one short line that is safe to print, or accepts it`, () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof RegistryError, String(error));
          assert.ok(codes.includes(error.code), error.code);
          assert.ok(error.message.length <= MESSAGE_MAX, `${error.message.length}`);
          assert.doesNotMatch(error.message, /\p{C}/u);
        }
      }),
      { numRuns: 300 },
    );
  });
}

test("parseJson refuses any bytes with a RegistryError, or accepts them", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        parseJson(bytes);
      } catch (error) {
        assert.ok(error instanceof RegistryError, String(error));
      }
    }),
  );
});
