import fc from "fast-check";
import type { Catalog, EventType, Origin, Transaction } from "../../../src/catalog/catalog.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { parseName, type RepositoryName } from "../../../src/oci/name.ts";
import { parseTag, type Tag } from "../../../src/oci/tag.ts";
import type { Replay } from "./replay.ts";
import { manifest } from "./samples.ts";

const REPOSITORIES = ["a", "a/b", "b"].map(parseName);
const TAGS = ["1", "2", "latest"].map(parseTag);
const CONTENTS = ["x", "y", "z"].map((seed) => manifest(seed));

/** Something a client may want of a catalog. */
export type Command = {
  readonly kind: "push" | "tag" | "delete tag" | "delete manifest" | "delete repository" | "fail";
  readonly repository: RepositoryName;
  readonly content: (typeof CONTENTS)[number];
  readonly tags: readonly Tag[];
};

/** What of an event is decided by the command alone. */
export type Change = {
  readonly type: EventType;
  readonly tag?: Tag | undefined;
  readonly digest?: Digest | undefined;
  readonly previousDigest?: Digest | undefined;
};

/** Any command, on few enough things that clients get in each other's way. Deleting is rarer than pushing. */
export const anyCommand: fc.Arbitrary<Command> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("push" as const) },
    { weight: 4, arbitrary: fc.constant("tag" as const) },
    {
      weight: 6,
      arbitrary: fc.constantFrom("delete tag" as const, "delete manifest" as const, "fail" as const),
    },
    { weight: 1, arbitrary: fc.constant("delete repository" as const) },
  ),
  repository: fc.constantFrom(...REPOSITORIES),
  content: fc.constantFrom(...CONTENTS),
  tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 3 }),
});

const FAILURE = new Error("the client gave up");

/** Carries a command out, as the registry would. */
export async function carryOut(catalog: Catalog, command: Command, origin: Origin): Promise<void> {
  try {
    await catalog.write(command.repository, origin, (tx) => change(tx, command));
  } catch (error) {
    if (error !== FAILURE) throw error;
  }
}

async function change(tx: Transaction, { kind, content, tags }: Command): Promise<void> {
  const { digest } = content;
  switch (kind) {
    case "push":
    case "fail":
      await tx.putManifest(content);
      for (const tag of tags) await tx.setTag(tag, digest);
      if (kind === "fail") throw FAILURE;
      return;
    case "tag":
      if (await tx.hasManifest(digest)) for (const tag of tags) await tx.setTag(tag, digest);
      return;
    case "delete tag":
      for (const tag of tags) await tx.deleteTag(tag);
      return;
    case "delete manifest":
      await tx.deleteManifest(digest);
      return;
    case "delete repository":
      await tx.deleteRepository();
  }
}

/** What a command changes when it meets these facts: the model that a catalog has to agree with. */
export function changesOf(facts: Replay, { kind, repository, content, tags }: Command): Change[] {
  const { digest } = content;
  const isThere = facts.manifest(repository, digest) !== undefined;
  const current = facts.tagsOf(repository);
  const setTags = tags
    .map((tag) => ({
      type: "tag.set" as const,
      tag,
      digest,
      previousDigest: facts.tag(repository, tag)?.digest,
    }))
    .filter((set) => set.previousDigest !== digest);
  const deletions = (fits: (tag: (typeof current)[number]) => boolean): Change[] =>
    current.filter(fits).map((tag) => ({ type: "tag.deleted", tag: tag.name, digest: tag.digest }));
  if (kind === "fail") return [];
  if (kind === "delete tag") return tags.flatMap((name) => deletions((tag) => tag.name === name));
  if (kind === "push") {
    const created = facts.repositories.has(repository) ? [] : [{ type: "repository.created" as const }];
    return [...created, ...(isThere ? [] : [{ type: "manifest.pushed" as const, digest }]), ...setTags];
  }
  if (kind === "delete repository") {
    if (!facts.repositories.has(repository)) return [];
    const manifests = facts.manifestsOf(repository).map((fact) => fact.digest);
    const deleted = manifests.map((each) => ({ type: "manifest.deleted" as const, digest: each }));
    return [...deletions(() => true), ...deleted, { type: "repository.deleted" }];
  }
  if (!isThere) return [];
  if (kind === "tag") return setTags;
  return [...deletions((tag) => tag.digest === digest), { type: "manifest.deleted", digest }];
}
