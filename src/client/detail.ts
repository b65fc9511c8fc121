import { RegistryError } from "../errors.ts";
import { classOfManifest, type ArtifactClass } from "../oci/artifact-class.ts";
import { digestOf, parseDigest, supportedAlgorithm, type Digest } from "../oci/digest.ts";
import { readImageConfig } from "../oci/image-config.ts";
import { imageSize, parseManifest, type Manifest } from "../oci/manifest.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/name.ts";
import { formatPlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { pullScope, type Connection } from "./connection.ts";
import type { Answer } from "./exchange.ts";
import { failureOf } from "./failure.ts";
import type { Effort } from "./selector.ts";

/** What a registry tells of a manifest to those who fetch it; as much as was asked for. */
export type Detail = {
  readonly digest: Digest;
  readonly mediaType?: string;
  /** In bytes. */
  readonly size?: number;
  readonly artifactType?: string;
  readonly class?: ArtifactClass;
  /** Of everything it names, in bytes. */
  readonly imageSize?: number;
  readonly subject?: Digest;
  readonly imageCreated?: string;
  readonly platforms?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
};

/** The largest manifest that is read, in bytes. Registries accept 4 MiB as a rule. */
const MANIFEST_BYTES_MAX = 16 * 2 ** 20;
/** The largest image config that is read, in bytes. */
const CONFIG_BYTES_MAX = 8 * 2 ** 20;
/** How many manifests are remembered, so that tags of the same one read it once. */
const REMEMBERED_MAX = 10_000;

/** All that is understood, so that a registry has no reason to convert anything or to say that it is not there. */
const ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
  "*/*",
].join(", ");
const HEADERS = { Accept: ACCEPT, "Accept-Encoding": "identity" };

/** Reads manifests as far as they are asked for, each once. */
export class DetailReader {
  readonly #connection: Connection;
  readonly #effort: Exclude<Effort, "name">;
  readonly #remembered = new Map<string, Promise<Detail | undefined>>();

  constructor(connection: Connection, effort: Exclude<Effort, "name">) {
    this.#connection = connection;
    this.#effort = effort;
  }

  /**
   * What there is to know of a manifest; `undefined` if it is gone. A tag is looked up by HEAD, which registries that
   * count pulls do not count.
   */
  async read(repository: RepositoryName, reference: Reference): Promise<Detail | undefined> {
    const head = await this.#head(repository, reference);
    if (head === undefined || this.#effort === "head") return head;
    const key = `${repository}@${head.digest}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    const detail = this.#get(repository, head.digest);
    this.#remembered.set(key, detail);
    return detail;
  }

  async #head(repository: RepositoryName, reference: Reference): Promise<Detail | undefined> {
    const target = `/v2/${repository}/manifests/${formatReference(reference)}`;
    const scope = pullScope(repository);
    const answer = await this.#connection.ask(target, { method: "HEAD", scope, headers: HEADERS });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw failureOf(answer);
    const digest = digestHeader(answer);
    const mediaType = typeOf(answer);
    const size = Number(answer.headers.get("Content-Length") ?? Number.NaN);
    if (digest !== undefined && mediaType !== undefined && Number.isSafeInteger(size)) {
      return { digest, mediaType, size };
    }
    // Some registries leave out of the answer to HEAD what it is asked for.
    const whole = await this.#fetch(
      repository,
      `manifests/${formatReference(reference)}`,
      MANIFEST_BYTES_MAX,
    );
    if (whole === undefined) return undefined;
    const type = typeOf(whole);
    return {
      digest: digest ?? digestOf(whole.bytes),
      ...(type !== undefined && { mediaType: type }),
      size: whole.bytes.byteLength,
    };
  }

  async #get(repository: RepositoryName, digest: Digest): Promise<Detail | undefined> {
    const answer = await this.#fetch(repository, `manifests/${digest}`, MANIFEST_BYTES_MAX);
    if (answer === undefined) return undefined;
    requireDigest(answer, digest);
    const mediaType = typeOf(answer);
    const base = { digest, size: answer.bytes.byteLength };
    const manifest = readManifest(answer.bytes, mediaType);
    if (manifest === undefined) return { ...base, ...(mediaType !== undefined && { mediaType }) };
    const detail = { ...base, ...detailOf(manifest) };
    return this.#effort === "config" ? this.#withConfig(repository, { manifest, detail }) : detail;
  }

  async #withConfig(
    repository: RepositoryName,
    { manifest, detail }: { manifest: Manifest; detail: Detail },
  ): Promise<Detail> {
    const { config } = manifest;
    if (config === undefined || !IMAGE_CONFIGS.includes(config.mediaType)) return detail;
    const answer = await this.#fetch(repository, `blobs/${config.digest}`, CONFIG_BYTES_MAX);
    if (answer === undefined) return detail;
    requireDigest(answer, config.digest);
    const { created, labels, platform } = readImageConfig(answer.bytes) ?? { labels: {} };
    return {
      ...detail,
      labels,
      ...(platform && { platforms: [formatPlatform(platform)] }),
      ...(created && { imageCreated: created.toISOString() }),
    };
  }

  /** What a repository has there, or `undefined` if it does not. */
  async #fetch(repository: RepositoryName, what: string, bytesMax: number): Promise<Answer | undefined> {
    const request = { scope: pullScope(repository), headers: HEADERS, bytesMax };
    const answer = await this.#connection.ask(`/v2/${repository}/${what}`, request);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw failureOf(answer);
    return answer;
  }
}

const IMAGE_CONFIGS: readonly string[] = [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig];

function detailOf(manifest: Manifest): Omit<Detail, "digest" | "size"> {
  const { mediaType, artifactType, subject, config, layers, annotations, platforms } = manifest;
  const layerMediaTypes = layers.map((layer) => layer.mediaType);
  return {
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    class: classOfManifest({ mediaType, artifactType, configMediaType: config?.mediaType, layerMediaTypes }),
    imageSize: imageSize(manifest),
    ...(subject && { subject: subject.digest }),
    platforms: [...new Set(platforms.map(formatPlatform))],
    annotations,
    labels: {},
  };
}

/** What a manifest says, or `undefined` if it is none that is understood, such as Docker's first format. */
function readManifest(bytes: Uint8Array, contentType: string | undefined): Manifest | undefined {
  try {
    return parseManifest(bytes, contentType);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** The media type, without parameters. */
function typeOf({ headers }: Answer): string | undefined {
  return headers.get("Content-Type")?.split(";", 1)[0]?.trim() || undefined;
}

function digestHeader({ headers }: Answer): Digest | undefined {
  try {
    return parseDigest(headers.get("Docker-Content-Digest") ?? "");
  } catch {
    return undefined;
  }
}

/** Content that is not what its digest says was damaged or replaced on the way, and nothing in it counts. */
function requireDigest({ url, bytes }: Answer, digest: Digest): void {
  const algorithm = supportedAlgorithm(digest);
  if (algorithm === undefined || digestOf(bytes, algorithm) === digest) return;
  throw new RegistryError(
    "DIGEST_INVALID",
    `${url.host} answered ${url.pathname} with bytes of another digest.`,
  );
}
