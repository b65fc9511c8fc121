import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDigest } from "./digest.ts";
import { fallbackTag, formatReference, parseReference } from "./reference.ts";
import { parseTag } from "./tag.ts";

const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/);
const digests = fc.stringMatching(/^[a-z0-9]{1,40}(?:[+._-][a-z0-9]{1,40}){0,2}:[a-zA-Z0-9=_-]{1,100}$/);

test("a tag or a digest reads back as it was written, and is told from the other by its colon", () => {
  fc.assert(
    fc.property(fc.oneof(tags, digests), (text) => {
      fc.pre(!/^sha(256|512):/.test(text));
      const reference = parseReference(text);
      assert.equal(formatReference(reference), text);
      assert.equal(reference.kind, text.includes(":") ? "digest" : "tag");
    }),
  );
});

for (const text of ["", ".a", "-a", "a b", "a/b", "a+b", "a\n", "é", "a".repeat(129)]) {
  test(`${JSON.stringify(text.slice(0, 10))} (${text.length} characters) is no tag`, () => {
    assert.throws(() => parseTag(text), { name: "RegistryError", code: "TAG_INVALID" });
    assert.throws(() => parseReference(text), { name: "RegistryError", code: "TAG_INVALID" });
  });
}

for (const text of ["latest", "_", "1.0-rc.1", "sha256-abc.sig", "A".repeat(128)]) {
  test(`${text.slice(0, 20)} (${text.length} characters) is a tag`, () => assert.equal(parseTag(text), text));
}

test("text with a colon that is no digest is refused as a digest", () => {
  assert.throws(() => parseReference("sha256:abc"), { name: "RegistryError", code: "DIGEST_INVALID" });
});

test("every digest has a fallback tag of at most 32 and 64 characters around a dash", () => {
  fc.assert(
    fc.property(digests, (text) => {
      fc.pre(!/^sha(256|512):/.test(text));
      assert.match(fallbackTag(parseDigest(text)), /^[a-z0-9._-]{1,32}-[a-zA-Z0-9_-]{1,64}$/);
    }),
  );
});

test("fallback tags are those of the specification's examples", () => {
  const hex = "a".repeat(64);
  assert.equal(fallbackTag(parseDigest(`sha256:${hex}`)), `sha256-${hex}`);
  assert.equal(fallbackTag(parseDigest(`sha512:${hex}${hex}`)), `sha512-${hex}`);
  assert.equal(
    fallbackTag(
      parseDigest(
        "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation:alsoSome=InTheEncodedSectionToShow_TheReplacement.".slice(
          0,
          -1,
        ),
      ),
    ),
    "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShow_TheReplacement",
  );
});
