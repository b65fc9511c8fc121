import assert from "node:assert/strict";
import { test } from "node:test";
import { classOfManifest, classOfTag } from "./artifact-class.ts";
import { MEDIA_TYPES } from "./media-type.ts";

const { ociManifest, ociIndex, ociConfig, ociEmpty, ociLayerGzip } = MEDIA_TYPES;
const { dockerManifest, dockerManifestList, dockerConfig } = MEDIA_TYPES;
const HEX = "0123456789abcdef".repeat(4);

/** What a tool pushes: [what, manifest, config, layers, artifact type of its own]. */
const PUSHED = [
  ["image", "an OCI image", ociManifest, ociConfig, [ociLayerGzip]],
  ["image", "an image without layers", ociManifest, ociConfig, []],
  [
    "image",
    "a Docker image",
    dockerManifest,
    dockerConfig,
    ["application/vnd.docker.image.rootfs.diff.tar.gzip"],
  ],
  ["image", "an image with an SBOM among its layers", ociManifest, ociConfig, [ociLayerGzip, "text/spdx"]],
  ["image", "an image with an SBOM as its first layer", ociManifest, ociConfig, ["text/spdx", ociLayerGzip]],
  ["image", "a config type in capitals", ociManifest, ociConfig.toUpperCase(), [ociLayerGzip]],
  ["index", "an OCI index", ociIndex, undefined, []],
  ["index", "a Docker manifest list", dockerManifestList, undefined, []],
  ["index", "an index of an unknown artifact type", ociIndex, undefined, [], "application/vnd.example"],
  [
    "chart",
    "a Helm chart",
    ociManifest,
    "application/vnd.cncf.helm.config.v1+json",
    ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"],
  ],
  [
    "chart",
    "a Helm chart with an artifact type of its own",
    ociManifest,
    "application/vnd.cncf.helm.config.v1+json",
    [],
    "application/vnd.example",
  ],
  [
    "signature",
    "a cosign signature",
    ociManifest,
    ociConfig,
    ["application/vnd.dev.cosign.simplesigning.v1+json"],
  ],
  [
    "signature",
    "a cosign signature as a referrer",
    ociManifest,
    "application/vnd.dev.cosign.artifact.sig.v1+json",
    ["application/octet-stream"],
  ],
  [
    "signature",
    "a notation signature by its config",
    ociManifest,
    "application/vnd.cncf.notary.signature",
    ["application/jose+json"],
  ],
  [
    "signature",
    "a notation signature by its artifact type",
    ociManifest,
    ociEmpty,
    ["application/cose"],
    "application/vnd.cncf.notary.signature",
  ],
  [
    "attestation",
    "a sigstore bundle",
    ociManifest,
    ociEmpty,
    ["application/octet-stream"],
    "application/vnd.dev.sigstore.bundle.v0.3+json",
  ],
  [
    "attestation",
    "a cosign attestation",
    ociManifest,
    ociConfig,
    ["application/vnd.dsse.envelope.v1+json", "application/vnd.dsse.envelope.v1+json"],
  ],
  [
    "attestation",
    "a cosign attestation as a referrer",
    ociManifest,
    "application/vnd.dev.cosign.artifact.att.v1+json",
    ["application/octet-stream"],
  ],
  ["attestation", "what BuildKit attests", ociManifest, ociConfig, ["application/vnd.in-toto+json"]],
  [
    "attestation",
    "what BuildKit attests as an artifact",
    ociManifest,
    ociEmpty,
    [],
    "application/vnd.docker.attestation.manifest.v1+json",
  ],
  ["sbom", "an SPDX document that cosign attached", ociManifest, ociConfig, ["text/spdx+json"]],
  ["sbom", "a CycloneDX document", ociManifest, ociEmpty, ["application/vnd.cyclonedx+json"]],
  ["sbom", "a Syft document", ociManifest, ociEmpty, ["application/vnd.syft+json"]],
  ["sbom", "an SPDX document of a type with parameters", ociManifest, ociEmpty, ["text/spdx; charset=utf-8"]],
  ["sbom", "an SBOM of Harbor", ociManifest, "application/vnd.goharbor.harbor.sbom.v1", ["text/plain"]],
  ["sbom", "an SPDX artifact", ociManifest, ociEmpty, [ociEmpty], "application/spdx+json"],
  ["sbom", "an index of SPDX documents", ociIndex, undefined, [], "application/spdx+json"],
  ["artifact", "a file that oras pushed", ociManifest, ociEmpty, ["text/plain"], "application/vnd.example"],
  ["artifact", "a file of a type that only begins like one", ociManifest, ociEmpty, ["text/spdxish"]],
  ["artifact", "a manifest of another kind", "application/vnd.example+json", undefined, []],
] as const;

for (const [expected, what, mediaType, configMediaType, layerMediaTypes, artifactType] of PUSHED) {
  test(`${what} is of class ${expected}`, () => {
    const manifest = {
      mediaType,
      configMediaType,
      layerMediaTypes,
      artifactType: artifactType ?? configMediaType,
    };
    assert.equal(classOfManifest(manifest), expected);
  });
}

for (const [tag, expected] of [
  [`sha256-${HEX}`, "artifact"],
  [`sha256-${HEX}.sig`, "signature"],
  [`sha256-${HEX}.att`, "attestation"],
  [`sha256-${HEX}.sbom`, "sbom"],
  [`sha256-${HEX}.constructor`, undefined],
  [`sha256-${HEX}.sig2`, undefined],
  [`x-sha256-${HEX}`, undefined],
  [`sha256-${HEX.slice(1)}`, undefined],
  [`sha256-${HEX.toUpperCase()}`, undefined],
  ["v1.0.sig", undefined],
] as const) {
  test(`the name of the tag ${tag} says ${expected ?? "nothing"}`, () =>
    assert.equal(classOfTag(tag), expected));
}
