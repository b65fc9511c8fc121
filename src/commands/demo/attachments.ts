import { MEDIA_TYPES } from "../../oci/media-type.ts";
import { digestParts } from "../../oci/digest.ts";
import {
  type Artifact,
  artifactOf,
  bytesFrom,
  type Content,
  contentOf,
  described,
  documentOf,
  EMPTY_CONFIG,
} from "./content.ts";

const IN_TOTO = "application/vnd.in-toto+json";
const SPDX = "application/spdx+json";
const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const COSIGN_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SIGNATURE_BYTES = 71;

/** The name and version of what something is attached to. */
export type About = { readonly repository: string; readonly version: string };

/** What a builder says of an image, as BuildKit puts it beside the image into an index: provenance and packages. */
export function attestationOf(image: Artifact, about: About): Artifact {
  const { digest } = image.manifest.descriptor;
  const subject = [{ name: `pkg:docker/${about.repository}@${about.version}`, digest: sumOf(image) }];
  const statement = (predicateType: string, predicate: object): Content => {
    const document = { _type: "https://in-toto.io/Statement/v0.1", predicateType, subject, predicate };
    const { bytes, descriptor } = documentOf(IN_TOTO, document);
    return {
      bytes,
      descriptor: { ...descriptor, annotations: { "in-toto.io/predicate-type": predicateType } },
    };
  };
  const layers = [
    statement("https://slsa.dev/provenance/v1", {
      buildDefinition: { buildType: "https://example.com/builds/v1", externalParameters: about },
      runDetails: { builder: { id: "https://ci.example.com" } },
    }),
    statement("https://spdx.dev/Document", spdx(image, about)),
  ];
  const config = documentOf(MEDIA_TYPES.ociConfig, {
    architecture: "unknown",
    os: "unknown",
    config: {},
    rootfs: { type: "layers", diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
  });
  return described(artifactOf({ config, layers }), {
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.digest": digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
  });
}

/** What it is attached to by its subject: a list of packages. */
export function sbomOf(subject: Artifact, about: About): Artifact {
  return artifactOf({
    artifactType: SPDX,
    config: EMPTY_CONFIG,
    layers: [documentOf(SPDX, spdx(subject, about))],
    subject: subject.manifest.descriptor,
    annotations: { "org.opencontainers.image.title": `${about.repository}.spdx.json` },
  });
}

/**
 * A signature in the form that cosign gives it, either with a subject or, as it was before there were subjects, to be
 * pushed under {@link signatureTag}. Nobody can verify it: there is no key.
 */
export function signatureOf(
  signed: Artifact,
  about: About,
  { hasSubject }: { hasSubject: boolean },
): Artifact {
  const { bytes, descriptor } = documentOf(SIMPLE_SIGNING, {
    critical: {
      identity: { "docker-reference": about.repository },
      image: { "docker-manifest-digest": signed.manifest.descriptor.digest },
      type: "cosign container image signature",
    },
    optional: { version: about.version },
  });
  const signature = bytesFrom(`signature of ${descriptor.digest}`, SIGNATURE_BYTES).toString("base64");
  const annotations = { "dev.cosignproject.cosign/signature": signature };
  const layers = [{ bytes, descriptor: { ...descriptor, annotations } }];
  if (!hasSubject) {
    const rootfs = { type: "layers", diff_ids: [descriptor.digest] };
    const config = documentOf(MEDIA_TYPES.ociConfig, { architecture: "", os: "", config: {}, rootfs });
    return artifactOf({ config, layers });
  }
  const subject = signed.manifest.descriptor;
  return artifactOf({ artifactType: COSIGN_SIGNATURE, config: EMPTY_CONFIG, layers, subject });
}

/** The tag by which cosign finds a signature without a subject. */
export function signatureTag({ manifest }: Artifact): string {
  return `${manifest.descriptor.digest.replace(":", "-")}.sig`;
}

/** Any other thing that people keep in a registry: one file of their own type. */
export function fileOf(mediaType: string, { title, text }: { title: string; text: string }): Artifact {
  const { bytes, descriptor } = contentOf(mediaType, Buffer.from(text));
  const annotations = { "org.opencontainers.image.title": title };
  return artifactOf({
    artifactType: mediaType,
    config: EMPTY_CONFIG,
    layers: [{ bytes, descriptor: { ...descriptor, annotations } }],
    annotations,
  });
}

function spdx(subject: Artifact, { repository, version }: About): object {
  const packages = ["base-files", "ca-certificates", "openssl", "zlib", repository.split("/").at(-1)];
  return {
    spdxVersion: "SPDX-2.3",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${repository}:${version}`,
    dataLicense: "CC0-1.0",
    documentNamespace: `https://example.com/spdx/${digestParts(subject.manifest.descriptor.digest).encoded}`,
    creationInfo: { created: "2026-01-05T08:00:00Z", creators: ["Organization: Example"] },
    packages: packages.map((name) => ({
      name,
      SPDXID: `SPDXRef-Package-${name}`,
      versionInfo: version,
      downloadLocation: "NOASSERTION",
    })),
  };
}

function sumOf({ manifest }: Artifact): Record<string, string> {
  const { algorithm, encoded } = digestParts(manifest.descriptor.digest);
  return { [algorithm]: encoded };
}
