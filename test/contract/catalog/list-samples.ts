import fc from "fast-check";
import type { Catalog, ManifestContent } from "../../../src/catalog/catalog.ts";
import type { ListKind, OrderBy } from "../../../src/catalog/items.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { MEDIA_TYPES } from "../../../src/oci/media-type.ts";
import { parseName, type RepositoryName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { carryOut, type Command } from "./commands.ts";
import { blob, manifest } from "./samples.ts";

/** Names that are each other's beginnings, with what comes before and behind a slash in the order of bytes. */
export const REPOSITORIES = ["a", "a/b", "a/b/c", "a-b", "a.b", "a0", "ab", "b/c/d"].map(parseName);

export const TAGS = [
  "1.2",
  "1.10",
  "1.10-rc1",
  "v2.0.0",
  "latest",
  "a_b",
  "aXb",
  `sha256-${"0".repeat(64)}.sig`,
].map(parseTag);

const SUBJECT = manifest("subject", { size: 70 });

/** Contents that share blobs and differ in all that can be filtered by. */
export const CONTENTS: readonly ManifestContent[] = [
  SUBJECT,
  manifest("amd64", {
    size: 200,
    config: blob("config"),
    platforms: [{ os: "linux", architecture: "amd64" }],
    annotations: { title: "x", "100%": "a_b" },
    blobs: [
      { digest: blob("config"), size: 10 },
      { digest: blob("shared"), size: 1_000 },
    ],
  }),
  manifest("arm64", {
    size: 200,
    imageSize: 5_000,
    platforms: [{ os: "linux", architecture: "arm64", variant: "v8" }],
    annotations: { title: "y", long: "x".repeat(1_001) },
    blobs: [{ digest: blob("shared"), size: 1_000 }],
  }),
  manifest("arm", {
    imageSize: 5_000,
    platforms: [
      { os: "linux", architecture: "arm" },
      { os: "linux", architecture: "arm64" },
    ],
    mediaType: MEDIA_TYPES.ociIndex,
    class: "index",
    blobs: [],
    children: [SUBJECT.digest],
  }),
  manifest("signature", {
    subject: SUBJECT.digest,
    artifactType: "application/x-signature",
    class: "signature",
    size: 70,
  }),
  manifest("chart", { artifactType: "application/x-chart", class: "chart", imageSize: 0 }),
];

const LABELS = { team: "infra", "a[b]": "?" };
/** A config with labels too long for the row of a manifest. */
export const LONG_CONFIG = blob("config with long labels");
const LONG_LABELS = { ...LABELS, long: "x".repeat(1_001) };

/** The one repository whose pushes do not bring their configs along. */
const UNDESCRIBED = "b/c/d";

/** Labels that a repository may show of a content: those of configs that were pushed to it. */
export function labelsOf(repository: RepositoryName, { config }: ManifestContent): Record<string, string> {
  if (config === undefined || repository === UNDESCRIBED) return {};
  return config === LONG_CONFIG ? LONG_LABELS : LABELS;
}

/** Any command on these repositories, tags and contents. */
export function anyListCommandOn(contents: readonly ManifestContent[]): fc.Arbitrary<Command> {
  return fc.record({
    kind: fc.oneof(
      { weight: 12, arbitrary: fc.constant("push" as const) },
      { weight: 4, arbitrary: fc.constant("tag" as const) },
      { weight: 8, arbitrary: fc.constantFrom("delete tag" as const, "delete manifest" as const) },
      { weight: 1, arbitrary: fc.constant("delete repository" as const) },
    ),
    repository: fc.constantFrom(...REPOSITORIES),
    content: fc.constantFrom(...contents),
    tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 3 }),
  });
}

export const anyListCommand: fc.Arbitrary<Command> = anyListCommandOn(CONTENTS);

/** Carries a command out as one write, whose request is its number; a push brings the config along. */
export async function carryOutListed(catalog: Catalog, command: Command, number: number): Promise<void> {
  const origin = { actor: "ada", requestId: `${number}` };
  const { kind, repository, content, tags } = command;
  if (kind !== "push" || !content.config || repository === UNDESCRIBED) {
    await carryOut(catalog, command, origin);
    return;
  }
  await catalog.write(repository, origin, async (tx) => {
    await tx.putManifest(content, { labels: labelsOf(repository, content) });
    for (const tag of tags) await tx.setTag(tag, content.digest);
  });
}

/** The first time of a history, in milliseconds; each write is a second later. */
export const BEGINNING = Date.parse("2026-01-01T00:00:00Z");

export const ORDERS: Readonly<Record<ListKind, readonly OrderBy[]>> = {
  repositories: ["name", "created", "updated", "size", "pulled"],
  tags: ["name", "created", "updated", "size", "imageSize", "pulled", "semver"],
  manifests: ["name", "created", "updated", "size", "imageSize", "pulled"],
  namespaces: ["name", "created", "updated"],
};

const later = (seconds: number): Date => new Date(BEGINNING + seconds * 1_000);

const PLACES: readonly Selector[] = [
  { under: "a" },
  { under: "a/b" },
  { under: "a-b" },
  { under: "b" },
  { under: "none" },
  { under: "a", depth: 1 },
  { under: "a", name: "*c" },
  { depth: 1 },
  { depth: 2 },
  ...["a", "a*", "*", "*b", "?b", "a?b", "a.b", "a/*", "[ab]", "a%", "a_b", "a\\*", "**", "*/?/*"].map(
    (name) => ({ name }),
  ),
  { repository: parseName("a") },
  { repository: parseName("a/b"), under: "a" },
  { repository: parseName("b/c/d"), under: "a" },
  { repository: parseName("a-b"), name: "a?b" },
  { createdSince: later(10) },
  { createdBefore: later(1_000) },
  { updatedSince: later(1_000) },
  { createdBefore: later(10.5) },
  { createdSince: later(5), createdBefore: later(25), under: "a" },
  { updatedSince: later(12) },
  { updatedBefore: later(12) },
  { updatedSince: later(12), updatedBefore: later(20.001) },
];

const OF_CONTENTS: readonly Selector[] = [
  ...["1.*", "a_b", "a?b", "a%b", "a[_]b", "*st", "latest", "?", "A*", "sha256-*", "v2.0.0*"].map((tag) => ({
    tag,
  })),
  { tag: "*t", repository: parseName("a") },
  { tag: "1.*", repository: parseName("a/b") },
  { digest: CONTENTS[1]!.digest },
  { digest: CONTENTS[1]!.digest.slice(0, 10) },
  { digest: "sha256:" },
  { digest: "sha512:" },
  { artifactType: "application/x-chart" },
  { artifactType: "application/x-chart", under: "a" },
  { mediaType: MEDIA_TYPES.ociIndex },
  { classes: ["chart"] },
  { classes: ["image", "index"] },
  { classes: ["signature"], name: "a*" },
  ...[
    "linux/arm64",
    "linux/arm64/v8",
    "linux/aarch64",
    "linux/arm",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/amd64",
    "linux/amd64/v1",
    "linux/arm64/v7",
  ].map((each) => ({ platforms: [each] })),
  { platforms: ["linux/arm", "linux/arm64"] },
  { annotations: [{ key: "title" }] },
  { annotations: [{ key: "title", value: "x" }] },
  {
    annotations: [
      { key: "title", value: "x" },
      { key: "100%", value: "a_b" },
    ],
  },
  { annotations: [{ key: "title", value: "*" }] },
  { labels: [{ key: "team" }] },
  { labels: [{ key: "a[b]", value: "?" }], name: "b*" },
  { labels: [{ key: "team", value: "infra" }], platforms: ["linux/amd64"] },
  { subject: SUBJECT.digest },
  { subject: CONTENTS[1]!.digest },
];

/** What is asked of each list: every part of a selector alone, and some together. */
export const SELECTORS: Readonly<Record<ListKind, readonly Selector[]>> = {
  repositories: [...PLACES, { empty: true }, { empty: false }, { empty: true, under: "a" }],
  tags: [...PLACES, ...OF_CONTENTS],
  manifests: [...PLACES, ...OF_CONTENTS, { tagged: true }, { tagged: false }, { tagged: false, under: "a" }],
  namespaces: [{}, { under: "a" }, { under: "a/b" }, { under: "b" }, { under: "none" }],
};
