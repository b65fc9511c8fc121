import type { ArtifactClass } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { TimeText } from "../oci/time.ts";
import type { Revision } from "./catalog.ts";
import type { Selector } from "./selector.ts";
import type { View } from "../oci/view.ts";

/** What lists, search, events and exports say of a repository. */
export type RepositoryItem = {
  readonly name: RepositoryName;
  readonly created: TimeText;
  /** The last change of anything in it. */
  readonly updated: TimeText;
  /** When something of it was last pulled, to the hour; absent when nothing was. */
  readonly pulled?: TimeText;
  readonly tagCount: number;
  readonly manifestCount: number;
  /** Bytes of its manifests and of the blobs they name, each counted once. */
  readonly size: number;
  /** On request: the tag that moved last. */
  readonly latest?: { readonly name: Tag; readonly digest: Digest; readonly updated: TimeText };
  /** On request: artifact types of its manifests. */
  readonly artifactTypes?: readonly string[];
};

export type TagItem = {
  readonly repository: RepositoryName;
  readonly name: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly class: ArtifactClass;
  /** Bytes of the manifest, and of everything it names. */
  readonly size: number;
  readonly imageSize: number;
  /** When the tag was first set, and when it last moved. */
  readonly created: TimeText;
  readonly updated: TimeText;
  readonly pulled?: TimeText;
  /** On request. */
  readonly platforms?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
};

export type ManifestItem = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly class: ArtifactClass;
  readonly size: number;
  readonly imageSize: number;
  readonly pushed: TimeText;
  readonly pulled?: TimeText;
  /** In bytewise order; the first hundred of them, where `tagCount` says there are more. */
  readonly tags: readonly Tag[];
  readonly tagCount: number;
  readonly subject?: Digest;
  /** What its config says, which nobody vouches for. */
  readonly imageCreated?: TimeText;
  readonly platforms: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
};

/** A path that is the beginning of repository names, or one itself. */
export type NamespaceItem = {
  readonly path: string;
  /** True when it is a repository itself. */
  readonly repository: boolean;
  /** Repositories below it. */
  readonly repositoryCount: number;
  /** When the first repository in it or below was made; for a reader who sees a part of it, the first of those they see. */
  readonly created: TimeText;
  /** The last change in it or below; for a reader who sees a part of it, in the repositories they see. */
  readonly updated: TimeText;
};

/** One change of a tag. */
export type TagChange = {
  readonly event: "set" | "deleted";
  readonly revision: Revision;
  readonly time: Date;
  /** What it pointed to from here on; when deleted, until then. */
  readonly digest: Digest;
  readonly previousDigest?: Digest;
  readonly mediaType?: string;
  readonly size?: number;
  readonly artifactType?: string;
};

/** The items of each list. */
export type Items = {
  readonly repositories: RepositoryItem;
  readonly tags: TagItem;
  readonly manifests: ManifestItem;
  readonly namespaces: NamespaceItem;
};

export type ListKind = keyof Items;

export type OrderBy = "name" | "created" | "updated" | "size" | "imageSize" | "pulled" | "semver";

export type Order = { readonly by: OrderBy; readonly descending: boolean };

/**
 * Where a page ends: the value its last entry is ordered by, and the revision at which that entry began, which no other has.
 * By name the entry's name alone: `[repository]`, or `[repository, tag or digest]`.
 */
export type Position = readonly [string | number, (string | number)?];

export type ListQuery = {
  readonly selector: Selector;
  /** Only these repositories, and what is in them, are there for the reader; all of them when it is absent. */
  readonly view?: View | undefined;
  readonly order: Order;
  /** Items at the most, 0 or more. */
  readonly limit: number;
  /** The page begins behind this place. Nothing need be there. */
  readonly after?: Position | undefined;
  /** The facts at this revision instead of the present. */
  readonly at?: Revision | undefined;
  /** What else the items are to say. */
  readonly include?:
    | ReadonlySet<"latest" | "artifactTypes" | "platforms" | "annotations" | "labels">
    | undefined;
  /** Items say nothing but their names. */
  readonly namesOnly?: boolean | undefined;
};

export type ListPage<Item> = {
  /** The revision whose facts these are. */
  readonly revision: Revision;
  readonly items: readonly Item[];
  /** Where the next page begins; absent when nothing follows. */
  readonly next?: Position | undefined;
};
