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
