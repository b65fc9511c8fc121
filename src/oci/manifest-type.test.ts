import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistryError } from "../errors.ts";
import { parseManifest } from "./manifest.ts";
import { MEDIA_TYPES } from "./media-type.ts";

const { ociManifest, ociIndex, ociConfig, dockerManifest, dockerManifestList } = MEDIA_TYPES;
const OTHER = "application/x.thing";
const TYPES = [ociManifest, dockerManifest, ociIndex, dockerManifestList, OTHER];

const config = { mediaType: ociConfig, digest: `sha256:${"a".repeat(64)}`, size: 2 };

/** The types as which a document can be pushed. */
function accepted(body: object): string[] {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return TYPES.filter((type) => {
    try {
      return parseManifest(bytes, type).mediaType === type;
    } catch (error) {
      assert.ok(error instanceof RegistryError && error.code === "MANIFEST_INVALID");
      return false;
    }
  });
}

test("bytes that do not say what they are can be pushed as what they look like, and as nothing else", () => {
  assert.deepEqual(accepted({ schemaVersion: 2, config, layers: [] }), [ociManifest]);
  assert.deepEqual(accepted({ schemaVersion: 2, manifests: [] }), [ociIndex]);
});

test("bytes that say what they are can be pushed as that, and as nothing else", () => {
  assert.deepEqual(accepted({ schemaVersion: 2, mediaType: dockerManifest, config }), [dockerManifest]);
  assert.deepEqual(accepted({ schemaVersion: 2, mediaType: OTHER, manifests: [] }), [OTHER]);
});
