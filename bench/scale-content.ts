import { hash } from "node:crypto";
import type { BulkRepository } from "../src/catalog/bulk.ts";
import type { ManifestContent } from "../src/catalog/catalog.ts";
import type { Digest } from "../src/oci/digest.ts";
import { MEDIA_TYPES } from "../src/oci/media-type.ts";
import type { RepositoryName } from "../src/oci/name.ts";
import type { Tag } from "../src/oci/tag.ts";

/** How much a registry has. Tags are as many as that within a percent or two, and manifests about as many as tags. */
export type Size = { readonly repositories: number; readonly tags: number };

/** The content spans a year, whenever it is made: so two runs have the same. */
export const BEGIN = Date.parse("2025-01-01T00:00:00Z");
export const END = Date.parse("2026-01-01T00:00:00Z");

/** Namespaces without any below them. They share four of ten repositories. */
export const FLAT = ["archive", "ci", "mirror", "users"] as const;
const FLAT_SHARE = 0.4;
/** Repositories in one of them, at the least: several pages. Of few there are fewer namespaces. */
const FLAT_LEAST = 400;
/** Namespaces at the top of the deep part. */
const ORGANIZATIONS = 997;
const DEPTH_MIN = 2;
const DEPTHS = 5;
/** Names come in an order that has nothing to do with the alphabet: so many places further each time, a prime. */
const STRIDE = 7_368_787;

/** How many tags repositories have, in parts of the average: most few, some many. They add up to as many as there are. */
const SKEW = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 1, 1, 1, 2, 5, 7.8];
/** Repositories with very many tags, and how many, but no more than this share of all: several pages of 10,000. */
const LARGE = 10;
const LARGE_TAGS = 10_000;
const LARGE_SHARE = 0.5;

/** Something rare: of each kind one in so many repositories. */
export const RARE_EVERY = 1_000;
/** Something frequent: one in so many manifests. */
const FREQUENT_EVERY = 10;
/** Repositories that have a manifest without a tag: one in so many. */
const UNTAGGED_EVERY = 50;

const LAYER_BYTES = 30_000_000;

/** The name of a repository by its number. */
export function nameOf(number: number, { repositories }: Size): RepositoryName {
  const flat = repositories * FLAT_SHARE;
  const namespaces = Math.min(FLAT.length, Math.ceil(flat / FLAT_LEAST));
  if (number < flat) return `${FLAT[number % namespaces]}/app-${number}` as RepositoryName;
  const segments = [`org-${number % ORGANIZATIONS}`];
  const depth = DEPTH_MIN + (number % DEPTHS);
  for (let level = 2; level < depth; level++) segments.push(`group-${(number >> (2 * level)) % 16}`);
  return [...segments, `app-${number}`].join("/") as RepositoryName;
}

/** The number of tags of a repository, beside `latest`. */
function versionsOf(number: number, { repositories, tags }: Size): number {
  const large = Math.min(LARGE_TAGS, Math.floor((tags * LARGE_SHARE) / LARGE));
  if (number < LARGE) return large;
  const average = (tags - LARGE * large) / (repositories - LARGE);
  return Math.max(1, Math.round((SKEW[number % SKEW.length] ?? 1) * average));
}

/** All repositories, in the order in which they were pushed. */
export function* repositoriesOf(size: Size): Generator<BulkRepository> {
  const { repositories } = size;
  for (let position = 0; position < repositories; position++) {
    const number = (position * STRIDE) % repositories;
    yield repositoryOf(number, size, new Date(BEGIN + Math.floor(((END - BEGIN) * position) / repositories)));
  }
}

function repositoryOf(number: number, size: Size, time: Date): BulkRepository {
  const versions = versionsOf(number, size);
  const layer = digestOf(`layer ${number}`);
  const manifests = Array.from({ length: versions + Number(number % UNTAGGED_EVERY === 0) }, (_, version) =>
    manifestOf(number, version, layer),
  );
  const tags = Array.from({ length: versions }, (_, version) => ({
    name: `${version >> 8}.${(version >> 4) & 15}.${version & 15}` as Tag,
    digest: manifests[version]!.content.digest,
  }));
  if (versions > 1) tags.push({ name: "latest" as Tag, digest: tags.at(-1)!.digest });
  return { name: nameOf(number, size), time, manifests, tags };
}

/** Only what lists show: the bytes of a manifest are for pulls, and would be most of the database. */
const BYTES = Buffer.from("{}");
const LINUX = { os: "linux", architecture: "amd64" };
const ARM = { os: "linux", architecture: "arm64", variant: "v8" };

function manifestOf(number: number, version: number, layer: Digest): BulkRepository["manifests"][number] {
  const seed = `${number} ${version}`;
  const scattered = number * 31 + version;
  const isFrequent = scattered % FREQUENT_EVERY === 0;
  const rare = version === 0 ? number % RARE_EVERY : undefined;
  const content: ManifestContent = {
    digest: digestOf(seed),
    bytes: BYTES,
    mediaType: MEDIA_TYPES.ociManifest,
    size: 400 + (scattered % 1_200),
    imageSize: LAYER_BYTES + ((scattered * 7_919) % LAYER_BYTES),
    annotations: isFrequent ? { "org.opencontainers.image.vendor": "Example" } : {},
    platforms: [isFrequent ? ARM : LINUX],
    class: "image",
    blobs: [{ digest: layer, size: LAYER_BYTES }],
    children: [],
  };
  if (rare === 1) return { content: { ...content, ...CHART } };
  if (rare === 2) return { content: { ...content, ...SIGNATURE, subject: digestOf(`${number} 1`) } };
  if (rare !== 3 && !isFrequent) return { content };
  const team = rare === 3 ? "rare" : "frequent";
  return { content: { ...content, config: digestOf(`config ${team}`) }, details: { labels: { team } } };
}

const CHART = {
  class: "chart",
  artifactType: "application/vnd.cncf.helm.config.v1+json",
  platforms: [],
} as const;
const SIGNATURE = {
  class: "signature",
  artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
  platforms: [],
} as const;

function digestOf(seed: string): Digest {
  return `sha256:${hash("sha256", seed)}` as Digest;
}
