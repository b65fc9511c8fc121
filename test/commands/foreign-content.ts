import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { blobOf, descriptorOf, indexOf, manifestOf, type Artifact } from "../support/artifact.ts";
import type { ForeignOptions } from "./foreign-registry.ts";

/** Of an image for linux/arm64. */
export const CONFIG: Artifact = {
  ...blobOf(
    JSON.stringify({
      os: "linux",
      architecture: "arm64",
      created: "2024-01-01T00:00:00Z",
      config: { Labels: { team: "infra" } },
    }),
  ),
  mediaType: MEDIA_TYPES.ociConfig,
};
/** For linux/arm64, labelled; its annotation has what a terminal would obey. */
export const IMAGE = manifestOf({ config: descriptorOf(CONFIG), annotations: { title: "a\u001B[31mb" } });
/** Of no platform. */
export const OTHER = manifestOf({ annotations: { other: "yes" } });
/** Of that image. */
export const INDEX = indexOf([
  { ...descriptorOf(IMAGE), platform: { os: "linux", architecture: "arm64", variant: "v8" } },
]);

/** Two images, one of them under two tags, an index, and a repository that lists no tags. */
export const CONTENT: ForeignOptions = {
  content: {
    app: { "1.0": IMAGE, "1.10": IMAGE, "1.9": OTHER, latest: INDEX },
    ghost: null,
    math: { a: OTHER },
    "math-voila": { a: OTHER },
    "team/app": { latest: IMAGE },
    "team/deep/app": { latest: INDEX },
  },
  blobs: [CONFIG],
};
