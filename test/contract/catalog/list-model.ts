import type { Event, ManifestContent, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, ManifestItem, NamespaceItem } from "../../../src/catalog/items.ts";
import { classOfTag } from "../../../src/oci/artifact-class.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import type { RepositoryName } from "../../../src/oci/name.ts";
import { formatPlatform } from "../../../src/oci/platform.ts";
import { semverKey } from "../../../src/oci/semver.ts";
import type { Tag } from "../../../src/oci/tag.ts";
import { labelsOf } from "./list-samples.ts";

/** What an item is ordered by: bytewise where it is text. */
export type Key = readonly (string | number)[];

/** An item as a list has to show it, with all it can be asked to include. */
export type Entry<Item> = {
  readonly item: Item;
  /** By the name of the order. */
  readonly keys: Readonly<Partial<Record<string, Key>>>;
  readonly content?: ManifestContent;
  readonly isTagged?: boolean;
};

type Entries = { readonly [Kind in ListKind]: readonly Entry<Items[Kind]>[] };

type Span = { readonly born: Revision; readonly created: Date; since: Revision; updated: Date };
type TagState = Span & { readonly repository: RepositoryName; readonly name: Tag; readonly digest: Digest };
type ManifestState = Span & { readonly repository: RepositoryName; readonly digest: Digest };

/** Everything that lists can show, said of the log once more and as simply as can be. */
export class ListModel {
  readonly #contents: ReadonlyMap<Digest, ManifestContent>;
  readonly #repositories = new Map<RepositoryName, Span>();
  readonly #namespaces = new Map<string, Span>();
  readonly #manifests = new Map<string, ManifestState>();
  readonly #tags = new Map<string, TagState>();

  constructor(events: readonly Event[], contents: readonly ManifestContent[]) {
    this.#contents = new Map(contents.map((content) => [content.digest, content]));
    for (const event of events) this.#apply(event);
  }

  entries(): Entries {
    return {
      repositories: [...this.#repositories].map(([name, span]) => this.#repository(name, span)),
      tags: [...this.#tags.values()].map((tag) => this.#tag(tag)),
      manifests: [...this.#manifests.values()].map((manifest) => this.#manifest(manifest)),
      namespaces: [...this.#namespaces].map(([path, span]) => this.#namespace(path, span)),
    };
  }

  #apply({ type, repository, revision, time, tag, digest }: Event): void {
    const fresh = { born: revision, created: time, since: revision, updated: time };
    const touched = (span: Span | undefined): Span => ({ ...fresh, ...span, since: revision, updated: time });
    this.#repositories.set(repository, touched(this.#repositories.get(repository)));
    if (type === "repository.deleted") this.#repositories.delete(repository);
    if (type === "manifest.pushed" && digest) {
      this.#manifests.set(`${repository}@${digest}`, { ...fresh, repository, digest });
    }
    if (type === "manifest.deleted") this.#manifests.delete(`${repository}@${digest}`);
    const key = `${repository}:${tag}`;
    if (type === "tag.set" && tag && digest) {
      this.#tags.set(key, { ...touched(this.#tags.get(key)), repository, name: tag, digest });
    }
    if (type === "tag.deleted") this.#tags.delete(key);
    for (const { index } of `${repository}/`.matchAll(/\//g)) {
      const path = repository.slice(0, index);
      this.#namespaces.set(path, touched(this.#namespaces.get(path)));
      if (!this.#repositories.has(path as RepositoryName) && this.#below(path).length === 0) {
        this.#namespaces.delete(path);
      }
    }
  }

  #below(path: string): RepositoryName[] {
    return [...this.#repositories.keys()].filter((name) => name.startsWith(`${path}/`));
  }

  #content(digest: Digest): ManifestContent {
    const content = this.#contents.get(digest);
    if (!content) throw new Error(`The model was not told what ${digest} is.`);
    return content;
  }

  #repository(name: RepositoryName, { born, created, since, updated }: Span): Entry<Items["repositories"]> {
    const tags = [...this.#tags.values()].filter((tag) => tag.repository === name);
    const contents = [...this.#manifests.values()]
      .filter(({ repository }) => repository === name)
      .map(({ digest }) => this.#content(digest));
    const blobs = new Map(
      contents.flatMap(({ blobs: named }) => named.map((blob) => [blob.digest, blob.size])),
    );
    const size = sum(contents.map((content) => content.size)) + sum([...blobs.values()]);
    const latest = tags.toSorted((a, b) => b.since - a.since)[0];
    return {
      item: {
        name,
        ...timesOf({ created, updated }),
        tagCount: tags.length,
        manifestCount: contents.length,
        size,
        ...(latest && {
          latest: { name: latest.name, digest: latest.digest, updated: latest.updated.toISOString() },
        }),
        artifactTypes: [...new Set(contents.flatMap(({ artifactType = [] }) => artifactType))].toSorted(),
      },
      keys: { name: [name], created: [born], updated: [since], size: [size, born], pulled: [0, born] },
    };
  }

  #tag({ repository, name, digest, born, created, since, updated }: TagState): Entry<Items["tags"]> {
    const content = this.#content(digest);
    return {
      item: {
        repository,
        name,
        ...described(content),
        class: classOfTag(name) ?? content.class,
        ...timesOf({ created, updated }),
        platforms: content.platforms.map(formatPlatform).toSorted(),
        annotations: content.annotations,
        labels: labelsOf(repository, content),
      },
      keys: {
        name: [repository, name],
        created: [born],
        updated: [since],
        size: [content.size, born],
        imageSize: [content.imageSize, born],
        pulled: [0, born],
        semver: [semverKey(name), born],
      },
      content,
    };
  }

  #manifest({ repository, digest, born, created }: ManifestState): Entry<ManifestItem> {
    const content = this.#content(digest);
    const tags = [...this.#tags.values()]
      .filter((tag) => tag.repository === repository && tag.digest === digest)
      .map(({ name }) => name);
    return {
      item: {
        repository,
        ...described(content),
        class: content.class,
        pushed: created.toISOString(),
        tags: tags.toSorted(),
        tagCount: tags.length,
        ...(content.subject && { subject: content.subject }),
        platforms: content.platforms.map(formatPlatform).toSorted(),
        annotations: content.annotations,
        labels: labelsOf(repository, content),
      },
      keys: {
        name: [repository, digest],
        created: [born],
        updated: [born],
        size: [content.size, born],
        imageSize: [content.imageSize, born],
        pulled: [0, born],
      },
      content,
      isTagged: tags.length > 0,
    };
  }

  #namespace(path: string, { born, created, since, updated }: Span): Entry<NamespaceItem> {
    const repository = this.#repositories.has(path as RepositoryName);
    return {
      item: { path, repository, repositoryCount: this.#below(path).length, ...timesOf({ created, updated }) },
      keys: { name: [path], created: [born], updated: [since] },
    };
  }
}

function described(
  content: ManifestContent,
): Pick<ManifestItem, "digest" | "mediaType" | "artifactType" | "size" | "imageSize"> {
  const { digest, mediaType, artifactType, size, imageSize } = content;
  return { digest, mediaType, ...(artifactType !== undefined && { artifactType }), size, imageSize };
}

function timesOf({ created, updated }: Pick<Span, "created" | "updated">): {
  created: string;
  updated: string;
} {
  return { created: created.toISOString(), updated: updated.toISOString() };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
