import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isImageType, isIndexType, isSchema1Type, MEDIA_TYPES, parseMediaType } from "./media-type.ts";

const mediaTypes = fc.stringMatching(
  /^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,20}\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,20}$/,
);

test("a media type is what stands before the parameters, as it was written", () => {
  const parameters = fc.constantFrom("", ";", "; charset=utf-8", ' ;a="b;c"', ";;;");
  fc.assert(
    fc.property(mediaTypes, parameters, fc.constantFrom("", " ", "\t "), (mediaType, rest, space) => {
      assert.equal(parseMediaType(space + mediaType + space + rest), mediaType);
    }),
  );
});

for (const text of [
  "",
  ";",
  "json",
  "application/",
  "/json",
  "a/b/c",
  "a b/c",
  "a/b c",
  "+a/b",
  "a/b,c/d",
  "a/*",
  "a/b\nc",
  `${"a".repeat(128)}/b`,
  `a/${"b".repeat(128)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 20))} (${text.length} characters) is no media type`, () => {
    assert.throws(() => parseMediaType(text), { name: "RegistryError", code: "MANIFEST_INVALID" });
  });
}

test("the longest media type has 255 characters", () => {
  const longest = `${"a".repeat(127)}/${"b".repeat(127)}`;
  assert.equal(parseMediaType(longest), longest);
});

test("of our media types two are indexes, two are images, two are refused, and none is two of these", () => {
  const kinds = Object.entries(MEDIA_TYPES).map(([name, type]) => [
    name,
    [isIndexType(type) && "index", isImageType(type) && "image", isSchema1Type(type) && "schema 1"].filter(
      Boolean,
    ),
  ]);
  assert.deepEqual(Object.fromEntries(kinds), {
    ociManifest: ["image"],
    ociIndex: ["index"],
    ociConfig: [],
    ociEmpty: [],
    ociLayer: [],
    ociLayerGzip: [],
    dockerManifest: ["image"],
    dockerManifestList: ["index"],
    dockerConfig: [],
    dockerSchema1: ["schema 1"],
    dockerSchema1Signed: ["schema 1"],
  });
});
