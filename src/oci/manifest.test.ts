import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { parseDigest } from "./digest.ts";
import { imageSize, parseManifest } from "./manifest.ts";
import { MEDIA_TYPES } from "./media-type.ts";

const { ociManifest, ociIndex, ociConfig, ociEmpty, ociLayerGzip, dockerManifest, dockerManifestList } =
  MEDIA_TYPES;

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const descriptor = (mediaType: string, size: number, more: object = {}) => ({
  mediaType,
  digest: parseDigest(`sha256:${size.toString(16).padStart(64, "0")}`),
  size,
  ...more,
});
const refusal = (message: RegExp) => ({ name: "RegistryError", code: "MANIFEST_INVALID", message });

const config = descriptor(ociConfig, 100);
const layers = [descriptor(ociLayerGzip, 1000), descriptor(ociLayerGzip, 2000)];
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers };
const child = (platform: object | undefined) => descriptor(ociManifest, 500, platform && { platform });
const linux = { os: "linux", architecture: "amd64" };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [child(linux), child(undefined)] };

describe("an image", () => {
  test("has its config, its layers, and its config's media type for an artifact type", () => {
    assert.deepEqual(parseManifest(encode(image), ociManifest), {
      kind: "image",
      mediaType: ociManifest,
      artifactType: ociConfig,
      config,
      layers,
      manifests: [],
      annotations: {},
      platforms: [],
    });
  });

  test("is one in Docker's schema 2 too", () => {
    const manifest = parseManifest(encode({ ...image, mediaType: dockerManifest }), dockerManifest);
    assert.deepEqual([manifest.kind, manifest.layers.length], ["image", 2]);
  });

  test("keeps its own artifact type, subject and annotations, for all three belong to referrers", () => {
    const subject = descriptor(ociManifest, 7);
    const written = {
      ...image,
      config: descriptor(ociEmpty, 2),
      artifactType: "application/sbom",
      subject,
      annotations: { a: "b" },
    };
    const manifest = parseManifest(encode(written), ociManifest);
    assert.equal(manifest.artifactType, "application/sbom");
    assert.deepEqual(manifest.subject, subject);
    assert.deepEqual(manifest.annotations, { a: "b" });
  });

  test("may have no layers, written as an empty list, as null or not at all, and null for all that is optional", () => {
    for (const none of [[], null, undefined]) {
      assert.deepEqual(parseManifest(encode({ ...image, layers: none }), ociManifest).layers, []);
    }
    const nulls = {
      ...image,
      mediaType: null,
      artifactType: null,
      subject: null,
      annotations: null,
      manifests: null,
    };
    assert.equal(parseManifest(encode(nulls), ociManifest).subject, undefined);
  });

  test("may have fields that nobody knows", () => {
    assert.equal(parseManifest(encode({ ...image, org: { x: [1] } }), ociManifest).kind, "image");
  });

  for (const [name, change, message] of [
    ["no config", { config: undefined }, /config is missing/],
    ["a broken layer", { layers: [layers[0], { ...layers[1], size: -1 }] }, /layers\[1\]\.size is -1/],
    ["layers that are no list", { layers: {} }, /layers is an object/],
    ["manifests beside its layers", { manifests: [] }, /has manifests, which belongs to another kind/],
    ["schema 1 layers beside its layers", { fsLayers: [] }, /has fsLayers/],
    ["a broken subject", { subject: { ...config, digest: "x" } }, /subject\.digest is not valid/],
    ["a subject that is no object", { subject: "sha256:abc" }, /subject is "sha256:abc"/],
    ["an artifact type with a line break", { artifactType: "a\nb" }, /artifactType is/],
    ["an artifact type of 256 characters", { artifactType: "a".repeat(256) }, /at most 255/],
    ["an annotation that is no text", { annotations: { a: {} } }, /annotations\["a"\] is an object/],
    ["another schema version", { schemaVersion: 3 }, /schemaVersion is 3; it must be 2/],
    ["no schema version", { schemaVersion: undefined }, /schemaVersion is missing/],
    ["a schema version in text", { schemaVersion: "2" }, /schemaVersion is "2"/],
    ["schema version 1", { schemaVersion: 1 }, /push the image again/],
    ["another media type of its own", { mediaType: ociIndex }, /says of itself/],
    ["a media type that is no text", { mediaType: 1 }, /says of itself that it is 1/],
    ["50,001 layers", { layers: Array(50_001).fill(0) }, /50000 are the most/],
  ] as const) {
    test(`with ${name} is refused`, () => {
      assert.throws(() => parseManifest(encode({ ...image, ...change }), ociManifest), refusal(message));
    });
  }
});

describe("an index", () => {
  test("has manifests, their platforms, and no artifact type but its own", () => {
    assert.deepEqual(parseManifest(encode(index), ociIndex), {
      kind: "index",
      mediaType: ociIndex,
      manifests: index.manifests,
      layers: [],
      annotations: {},
      platforms: [linux],
    });
    const artifact = { ...index, artifactType: "application/x", subject: config, annotations: { a: "b" } };
    const { artifactType, subject, annotations } = parseManifest(encode(artifact), ociIndex);
    assert.deepEqual(
      { artifactType, subject, annotations },
      { artifactType: "application/x", subject: config, annotations: { a: "b" } },
    );
  });

  test("is one in Docker's manifest list too, and may be empty", () => {
    const list = { schemaVersion: 2, mediaType: dockerManifestList, manifests: [] };
    assert.equal(parseManifest(encode(list), dockerManifestList).kind, "index");
    assert.deepEqual(parseManifest(encode({ ...index, manifests: null }), ociIndex).manifests, []);
  });

  test("lists each platform once, in its order, and none for attestations", () => {
    const windows = { os: "windows", architecture: "amd64" };
    const children = [
      child({ ...windows, "os.version": "10.0.1" }),
      child({ ...linux, features: [] }),
      child({ os: "unknown", architecture: "unknown" }),
      child(linux),
      child({ ...windows, "os.version": "10.0.2" }),
      child({ os: "linux", architecture: "arm", variant: "v7" }),
    ];
    assert.deepEqual(parseManifest(encode({ ...index, manifests: children }), ociIndex).platforms, [
      { ...windows, osVersion: "10.0.1" },
      linux,
      { ...windows, osVersion: "10.0.2" },
      { os: "linux", architecture: "arm", variant: "v7" },
    ]);
  });

  for (const [name, change, message] of [
    ["no manifests", { manifests: undefined }, /manifests is missing/],
    ["a config", { config }, /has config, which belongs to another kind/],
    ["layers", { layers: [] }, /has layers/],
    ["a broken manifest", { manifests: [{}] }, /manifests\[0\]\.mediaType is missing/],
    ["schema version 1", { schemaVersion: 1 }, /push the image again/],
  ] as const) {
    test(`with ${name} is refused`, () => {
      assert.throws(() => parseManifest(encode({ ...index, ...change }), ociIndex), refusal(message));
    });
  }
});

describe("the media type", () => {
  test("is that of the Content-Type without its parameters", () => {
    assert.equal(parseManifest(encode(image), ` ${ociManifest}; charset=utf-8`).mediaType, ociManifest);
  });

  test("is the body's where there is no Content-Type, else what the body looks like", () => {
    for (const none of [undefined, "", " "]) {
      assert.equal(
        parseManifest(encode({ ...image, mediaType: dockerManifest }), none).mediaType,
        dockerManifest,
      );
      assert.equal(parseManifest(encode({ ...image, mediaType: undefined }), none).mediaType, ociManifest);
      assert.equal(parseManifest(encode({ ...index, mediaType: undefined }), none).mediaType, ociIndex);
      assert.equal(parseManifest(encode({ mediaType: "a/b" }), none).kind, "other");
    }
  });

  test("must come from somewhere", () => {
    for (const value of [{}, { schemaVersion: 2 }, [], null, 1, { mediaType: 1 }, { mediaType: "no type" }]) {
      assert.throws(() => parseManifest(encode(value), undefined), refusal(/./));
    }
    assert.throws(() => parseManifest(encode(image), "nonsense"), refusal(/not of the form type\/subtype/));
  });

  test("of Docker's schema 1 is refused with what to do, however it is said", () => {
    const schema1 = { schemaVersion: 1, name: "a", tag: "b", fsLayers: [], history: [], signatures: [] };
    for (const type of [MEDIA_TYPES.dockerSchema1, MEDIA_TYPES.dockerSchema1Signed]) {
      assert.throws(() => parseManifest(encode(schema1), type), refusal(/push the image again/));
      assert.throws(
        () => parseManifest(encode({ ...schema1, mediaType: type }), undefined),
        refusal(/push the image again/),
      );
    }
    assert.throws(() => parseManifest(encode(schema1), undefined), refusal(/push the image again/));
  });
});

describe("content of any other media type", () => {
  test("is opaque, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(parseManifest(bytes, "application/x.thing"), {
          kind: "other",
          mediaType: "application/x.thing",
          layers: [],
          manifests: [],
          annotations: {},
          platforms: [],
        });
      }),
    );
  });

  test("is listed by subject, artifact type and annotations, each if it is well formed", () => {
    const body = {
      mediaType: "a/b",
      artifactType: "c/d",
      subject: config,
      annotations: { e: "f" },
      layers: [config],
    };
    const read = (change: object) => {
      const { artifactType, subject, annotations } = parseManifest(encode({ ...body, ...change }), "a/b");
      return { artifactType, subject, annotations };
    };
    const all = { artifactType: "c/d", subject: config, annotations: { e: "f" } };
    assert.deepEqual(read({}), all);
    assert.deepEqual(read({ mediaType: 7 }), all);
    assert.deepEqual(read({ artifactType: 1 }), { ...all, artifactType: undefined });
    assert.deepEqual(read({ subject: 1 }), { ...all, subject: undefined });
    assert.deepEqual(read({ annotations: 1 }), { ...all, annotations: {} });
  });

  test("is refused if it says of itself that it is something else", () => {
    assert.throws(() => parseManifest(encode(image), "application/json"), refusal(/says of itself/));
  });
});

describe("the size", () => {
  test("is that of an image's config and layers, of an index's manifests, and nothing for the rest", () => {
    assert.equal(imageSize(parseManifest(encode(image), ociManifest)), 3100);
    assert.equal(imageSize(parseManifest(encode(index), ociIndex)), 1000);
    assert.equal(imageSize(parseManifest(encode({}), "a/b")), 0);
  });

  test("does not grow beyond what a number can say exactly", () => {
    const huge = descriptor(ociLayerGzip, Number.MAX_SAFE_INTEGER);
    const manifest = parseManifest(encode({ ...image, layers: [huge, huge, huge] }), ociManifest);
    assert.equal(imageSize(manifest), Number.MAX_SAFE_INTEGER);
  });
});

test("whatever JSON is pushed as whatever type, nothing but a RegistryError is thrown", () => {
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(config, layers, index.manifests, 2, ociManifest, ociIndex),
  );
  const keys = [
    "schemaVersion",
    "mediaType",
    "config",
    "layers",
    "manifests",
    "subject",
    "artifactType",
    "annotations",
  ];
  const body = fc.dictionary(fc.constantFrom(...keys), part);
  const type = fc.constantFrom(undefined, ociManifest, ociIndex, "a/b");
  fc.assert(
    fc.property(
      fc.oneof(
        body,
        body.map((some) => ({ ...image, ...some })),
      ),
      type,
      (value, contentType) => {
        try {
          assert.ok(Number.isSafeInteger(imageSize(parseManifest(encode(value), contentType))));
        } catch (error) {
          assert.ok(error instanceof RegistryError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});
