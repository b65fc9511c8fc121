import { RegistryError } from "../errors.ts";
import { shown } from "./shown.ts";

/** The media types that mean something to the registry. Content of any other is stored and served just as well. */
export const MEDIA_TYPES = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

// type "/" subtype, each a restricted-name of RFC 6838 section 4.2: 127 characters at most, so 255 in all.
const GRAMMAR = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

/**
 * The `type/subtype` of a Content-Type value, as it was written but without parameters: distribution-spec has
 * registries ignore those.
 * @throws MANIFEST_INVALID
 */
export function parseMediaType(headerValue: string): string {
  const semicolon = headerValue.indexOf(";");
  const mediaType = (semicolon === -1 ? headerValue : headerValue.slice(0, semicolon)).trim();
  if (!GRAMMAR.test(mediaType)) {
    throw new RegistryError(
      "MANIFEST_INVALID",
      `Media type ${shown(headerValue)} is not of the form type/subtype; an image manifest's is ${MEDIA_TYPES.ociManifest}.`,
    );
  }
  return mediaType;
}

/** Whether a manifest of this media type lists other manifests: an OCI index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerManifestList;
}

/** Whether a manifest of this media type has a config and layers: an OCI or Docker schema 2 manifest. */
export function isImageType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest;
}

/** Whether it is Docker's first manifest format, whose content clients have not been able to verify or pull for years. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.dockerSchema1 || mediaType === MEDIA_TYPES.dockerSchema1Signed;
}
