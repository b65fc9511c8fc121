import { gzipSync } from "node:zlib";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPES } from "../../oci/media-type.ts";
import { parsePlatform } from "../../oci/platform.ts";
import {
  type Artifact,
  bytesFrom,
  type Content,
  contentOf,
  described,
  documentOf,
  numberFrom,
} from "./content.ts";
import { type Files, tarOf } from "./tar.ts";

/** How large the programs in a layer are, in bytes: large enough to differ, small enough for hundreds of them. */
const BASE_BYTES = [30_000, 60_000] as const;
const APP_BYTES = [2_000, 30_000] as const;

/** The media types of an image's parts, as OCI's tools write them and as Docker's did. */
const FORMATS = {
  oci: { manifest: MEDIA_TYPES.ociManifest, config: MEDIA_TYPES.ociConfig, layer: MEDIA_TYPES.ociLayerGzip },
  docker: {
    manifest: MEDIA_TYPES.dockerManifest,
    config: MEDIA_TYPES.dockerConfig,
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

/** A layer before it is compressed and after, and how it came to be. */
type Layer = { readonly tar: Buffer; readonly gzip: Buffer; readonly step: string };

/** What an image is made from. Equal ones give equal digests. */
export type ImageSource = {
  /** The program that is in it: the last segment of its repository. */
  readonly program: string;
  readonly version: string;
  /** `os/architecture[/variant]` */
  readonly platform: string;
  /** The system it stands on; without it, it is one itself. */
  readonly base?: { readonly program: string; readonly version: string };
  readonly format: keyof typeof FORMATS;
  readonly created: Date;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/** An image for one platform: real layers under a config that names them rightly. Its programs are noise. */
export function imageOf(source: ImageSource): Artifact {
  const { base, format, platform } = source;
  const types = FORMATS[format];
  const layers = base ? [baseLayer(base, platform), appLayer(source)] : [baseLayer(source, platform)];
  const config = documentOf(types.config, configOf(source, layers));
  const blobs = layers.map(({ gzip }) => contentOf(types.layer, gzip));
  const manifest: Content = documentOf(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: config.descriptor,
    layers: blobs.map(({ descriptor }) => descriptor),
    // Docker's own format has no annotations.
    ...(format === "oci" && { annotations: source.annotations }),
  });
  return described({ manifest, blobs: [config, ...blobs], parts: [] }, { platform: parsePlatform(platform) });
}

function configOf({ program, platform, created, labels }: ImageSource, layers: readonly Layer[]): object {
  return {
    created: created.toISOString(),
    ...parsePlatform(platform),
    config: {
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin"],
      Entrypoint: [`/usr/local/bin/${program}`],
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    history: layers.map(({ step }) => ({ created: created.toISOString(), created_by: step })),
  };
}

function baseLayer({ program, version }: { program: string; version: string }, platform: string): Layer {
  const seed = `${program} ${version} ${platform}`;
  return layerOf(`ADD ${program}-${version}.tar.gz / # ${platform}`, {
    "bin/sh": bytesFrom(seed, numberFrom(seed, BASE_BYTES)),
    "etc/os-release": `ID=${program}\nVERSION_ID=${version}\nPRETTY_NAME="${program} ${version}"\n`,
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  });
}

function appLayer({ program, version, platform }: ImageSource): Layer {
  const seed = `${program} ${version} ${platform}`;
  return layerOf(`COPY ${program} /usr/local/bin/${program}`, {
    [`usr/local/bin/${program}`]: bytesFrom(seed, numberFrom(seed, APP_BYTES)),
    [`etc/${program}/${program}.conf`]: "listen = 0.0.0.0:8080\nlog = info\n",
    [`usr/share/doc/${program}/README`]: `${program} ${version}: content for a demonstration. It does not run.\n`,
  });
}

function layerOf(step: string, files: Files): Layer {
  const tar = tarOf(files);
  return { tar, gzip: gzipSync(tar, { level: 1 }), step };
}
