import { isIndexType, MEDIA_TYPES } from "./media-type.ts";

/** What kind of thing a manifest or tag is, for people: enough to hide what drowns the tags one looks for. */
export const ARTIFACT_CLASSES = [
  "image",
  "index",
  "chart",
  "signature",
  "attestation",
  "sbom",
  "artifact",
] as const;

export type ArtifactClass = (typeof ARTIFACT_CLASSES)[number];

/** The media types by which the common tools mark what they push, whether as artifact type, config or layer. */
const CLASS_OF_TYPE: readonly (readonly [ArtifactClass, RegExp])[] = [
  ["chart", /^application\/vnd\.cncf\.helm\.config\./],
  [
    "signature",
    /^application\/vnd\.(?:dev\.cosign\.simplesigning\.|dev\.cosign\.artifact\.sig\.|cncf\.notary\.(?:v2\.)?signature)/,
  ],
  [
    "attestation",
    /^application\/vnd\.(?:dev\.sigstore\.bundle|dev\.cosign\.artifact\.att\.|in-toto|dsse\.|docker\.attestation\.)/,
  ],
  ["sbom", /[/.](?:spdx|cyclonedx|syft|sbom)(?:[.+]|$)/],
];

const IMAGE_CONFIGS: readonly (string | undefined)[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];

/** The tags that cosign sets beside what it signs, and the one that stands in for the referrers API. */
const COMPANION_TAG = /^sha256-[0-9a-f]{64}(?:\.(sig|att|sbom))?$/;
const CLASS_OF_SUFFIX: Readonly<Record<string, ArtifactClass>> = {
  sig: "signature",
  att: "attestation",
  sbom: "sbom",
};

/**
 * The class of a manifest, by its media types. Its artifact type and config come first, then its layers if all are of a
 * known kind: cosign and BuildKit put signatures and attestations into what is otherwise an image.
 */
export function classOfManifest(manifest: {
  mediaType: string;
  artifactType?: string | undefined;
  configMediaType?: string | undefined;
  layerMediaTypes: readonly string[];
}): ArtifactClass {
  const { mediaType, artifactType, configMediaType, layerMediaTypes } = manifest;
  const declared = classOfType(artifactType) ?? classOfType(configMediaType);
  if (declared !== undefined) return declared;
  const layers = layerMediaTypes.map(classOfType);
  if (layers[0] !== undefined && !layers.includes(undefined)) return layers[0];
  if (isIndexType(mediaType)) return "index";
  return IMAGE_CONFIGS.includes(plain(configMediaType)) ? "image" : "artifact";
}

/**
 * What a tag's name alone says: that of a signature, attestation or SBOM by cosign's convention, or `artifact` for the
 * index of referrers (distribution-spec "Referrers Tag Schema"). `undefined` for all others.
 */
export function classOfTag(tag: string): ArtifactClass | undefined {
  const match = COMPANION_TAG.exec(tag);
  return match === null ? undefined : (CLASS_OF_SUFFIX[match[1] ?? ""] ?? "artifact");
}

function classOfType(mediaType: string | undefined): ArtifactClass | undefined {
  const type = plain(mediaType);
  return type === undefined ? undefined : CLASS_OF_TYPE.find(([, types]) => types.test(type))?.[0];
}

/** Media types are equal in any case and with any parameters (RFC 2045 section 5.1). */
function plain(mediaType: string | undefined): string | undefined {
  return mediaType?.split(";", 1)[0]?.trim().toLowerCase();
}
