import type { ArtifactClass } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import type { Tag } from "../oci/tag.ts";
import type { SearchPage, SearchQuery } from "./hits.ts";
import type { View } from "../oci/view.ts";
import type { Items, ListKind, ListPage, ListQuery, TagChange } from "./items.ts";

/** A place in the log: the number of events up to and including it. The empty registry is at revision 0. */
export type Revision = number;

export type EventType =
  | "repository.created"
  | "repository.deleted"
  | "manifest.pushed"
  | "manifest.deleted"
  | "tag.set"
  | "tag.deleted";

/** One logical change, and the only way anything changes: facts are what the log says when it is replayed. */
export type Event = {
  readonly revision: Revision;
  /** When the registry committed it. Never earlier than the event before. */
  readonly time: Date;
  readonly type: EventType;
  readonly repository: RepositoryName;
  /** Of `tag.*` only. */
  readonly tag?: Tag;
  /** Of `manifest.*` and `tag.*`: the manifest; for `tag.deleted` the one the tag pointed to. */
  readonly digest?: Digest;
  /** Of `tag.set` only: what the tag pointed to before; absent when it is new. */
  readonly previousDigest?: Digest;
  readonly actor: string;
  readonly requestId: string;
  /** What is known of the manifest by `digest`; absent when it was compacted away. */
  readonly manifest?: ManifestSummary;
};

/** What lists and events say of a manifest. */
export type ManifestSummary = {
  readonly mediaType: string;
  readonly artifactType?: string;
  /** Bytes of the manifest itself. */
  readonly size: number;
  /** Bytes of everything it names: config and layers, or the children of an index. */
  readonly imageSize: number;
  readonly subject?: Digest;
};

/** A manifest as it is stored: the bytes exactly as sent, and what was read in them when they came. */
export type ManifestContent = ManifestSummary & {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platforms: readonly Platform[];
  /** Digest of the config blob, whose labels and `created` are noted by {@link Transaction.describe}. */
  readonly config?: Digest;
  readonly class: ArtifactClass;
  /** Blobs it names: config and layers, with the sizes it gives them in bytes. */
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  /** Manifests an index names. */
  readonly children: readonly Digest[];
};

/** What a config blob says of the manifests that name it. */
export type ConfigDetails = {
  /** The config's own `created`, which nobody vouches for. */
  readonly imageCreated?: Date;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform?: Platform;
};

export type ManifestFact = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

export type TagFact = {
  readonly repository: RepositoryName;
  readonly name: Tag;
  readonly digest: Digest;
  /** When the tag was first set, and when it last moved. */
  readonly created: Date;
  readonly updated: Date;
};

/** Facts of a moment: all of them with their revisions, as the log would give them. For checks and tests, not for hot paths. */
export type Facts = {
  readonly repositories: readonly { readonly name: RepositoryName; readonly since: Revision }[];
  readonly manifests: readonly {
    readonly repository: RepositoryName;
    readonly digest: Digest;
    readonly since: Revision;
  }[];
  readonly tags: readonly {
    readonly repository: RepositoryName;
    readonly name: Tag;
    readonly digest: Digest;
    readonly since: Revision;
  }[];
};

/** A page by keys: at most `limit` entries that come after `after` in bytewise order. `after` need not exist. */
export type Page<Key extends string> = {
  readonly after?: Key | undefined;
  readonly limit: number;
};

export type EventPage = {
  /** The newest revision when the page was read: where the log ends. */
  readonly revision: Revision;
  readonly events: readonly Event[];
};

/** A manifest whose subject was asked for, as a referrers list shows it. */
export type Referrer = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
};

/** A blob that a repository has: its size in bytes, and the bytes themselves if it was added with them. */
export type BlobMember = { readonly size: number; readonly bytes?: Uint8Array | undefined };

/** That a manifest was pulled, and when: a time that is exact enough to be shown. */
export type Pull = { readonly repository: RepositoryName; readonly digest: Digest; readonly time: Date };

/** Who makes a change, for the log. */
export type Origin = { readonly actor: string; readonly requestId: string };

/**
 * What can be changed in one repository, inside {@link Catalog.write}. What its methods read is the state before the
 * write began; changes show when it has committed. A write names each tag and each manifest once, and does nothing else
 * when it deletes the repository.
 */
export interface Transaction {
  hasManifest(digest: Digest): Promise<boolean>;
  /** What a tag points to. */
  findTag(tag: Tag): Promise<Digest | undefined>;
  /** Tags that point to a manifest, in bytewise order. */
  tagsOf(digest: Digest): Promise<readonly Tag[]>;
  /** Which of these blobs the repository has. */
  blobsAmong(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;

  /**
   * Puts a manifest into the repository, which begins to exist by its first one. No event when it is there already.
   * `details` are those of its config when the repository has that blob.
   */
  putManifest(content: ManifestContent, details?: ConfigDetails): Promise<void>;
  /** Points a tag to a manifest, which must be in the repository or put in this same write. No event when it does already. */
  setTag(tag: Tag, digest: Digest): Promise<void>;
  /** False when there is no such tag. */
  deleteTag(tag: Tag): Promise<boolean>;
  /** Deletes a manifest and every tag that points to it, one event each. False when it is not there. */
  deleteManifest(digest: Digest): Promise<boolean>;
  /** Deletes all tags and manifests, then the repository; its blobs stop being members. One event each. False when there is no such repository. */
  deleteRepository(): Promise<boolean>;

  /**
   * Makes a blob a member of the repository. Blobs make no events. Bytes that come along are kept with this membership, for
   * a blob that is in no store; a member without them gets them.
   */
  addBlob(digest: Digest, size: number, bytes?: Uint8Array): Promise<void>;
  /** The bytes of a member that came with them. */
  bytesOfBlob(digest: Digest): Promise<Uint8Array | undefined>;
  /** False when it was no member. */
  removeBlob(digest: Digest): Promise<boolean>;
  /** True when manifests of the repository wait for the details of this config blob. */
  awaitsConfig(config: Digest): Promise<boolean>;
  /** Notes what a config blob says, for the manifests of this repository that name it. */
  describe(config: Digest, details: ConfigDetails): Promise<void>;
}

/**
 * Where metadata lives: which repositories, manifests, tags and blob memberships exist, and the log of how they came
 * about. Every implementation passes `test/contract/catalog.ts`.
 *
 * Guarantees:
 * - A `write` commits wholly, with all of its events, or not at all; when it resolves, it is durable.
 * - Every event takes the next revision. Revisions grow by one, in commit order, without gaps: whoever has read the log
 *   up to revision n will never find a new event at or below n.
 * - Facts and log agree: the log replayed from nothing gives the facts, and replayed up to a revision the facts at it.
 * - Writes to one repository happen one after the other; each sees all that came before it.
 * - Names, tags and digests are ordered by their bytes.
 * - Absence is `undefined`, `false` or an empty list, never an error. An outage is `UNAVAILABLE`;
 *   one that hits a write while it commits leaves open whether it did.
 */
export interface Catalog extends AsyncDisposable {
  /** How far the log goes: its newest revision, and the oldest one whose facts can still be asked for. */
  bounds(): Promise<{ readonly revision: Revision; readonly oldest: Revision }>;

  /** The manifest a tag or digest names in a repository, now or `at` a revision. */
  findManifest(
    repository: RepositoryName,
    reference: Reference,
    at?: Revision,
  ): Promise<ManifestFact | undefined>;

  /** A blob that is a member of the repository. */
  findBlob(repository: RepositoryName, digest: Digest): Promise<BlobMember | undefined>;

  /** Repositories that have the blob, at most `limit`, by name; only those that `view` shows, if there is one. */
  repositoriesWithBlob(digest: Digest, limit: number, view?: View): Promise<readonly RepositoryName[]>;

  /** True when the repository exists, be it empty. */
  hasRepository(repository: RepositoryName, at?: Revision): Promise<boolean>;

  /** Names of repositories that have at least one manifest; only those that `view` shows, if there is one. */
  listRepositories(
    page: Page<string> & { readonly view?: View | undefined },
  ): Promise<readonly RepositoryName[]>;

  /** Tags of one repository; an empty list when there is no such repository. */
  listTags(repository: RepositoryName, page: Page<string>): Promise<readonly TagFact[]>;

  /**
   * A page of any list, now or at a revision. However large the registry, it costs what it shows and what changed since
   * that revision: a page that would look at very many items which its filters leave out, or which were not there at its
   * moment, ends early, and says where to go on. What a `view` hides is counted nowhere, and no page ends at it: the page
   * is that of a registry without it. `REVISION_EXPIRED` or `REVISION_UNKNOWN` when there are no facts of that revision.
   */
  list<Kind extends ListKind>(kind: Kind, query: ListQuery): Promise<ListPage<Items[Kind]>>;

  /**
   * What has all words in it and is selected: first where a word is a whole text, then where it begins one, is a segment of
   * one, is any part of one; then by the last change, newest first. A part of what fits, where that is very much.
   * `UNAVAILABLE` when it takes too long; `REVISION_EXPIRED` for a further page when much has changed since the first.
   */
  search(query: SearchQuery): Promise<SearchPage>;

  /** Changes of a tag before a revision (not included), newest first. They outlive the tag, its manifests, and compaction. */
  tagHistory(
    repository: RepositoryName,
    tag: Tag,
    page: { readonly before?: Revision | undefined; readonly limit: number },
  ): Promise<readonly TagChange[]>;

  /** The newest revision at a time. `REVISION_EXPIRED` when what was then is no longer known. */
  revisionAt(time: Date): Promise<Revision>;

  /** Notes that manifests were pulled; one that is no longer there is passed over. Makes no event. */
  notePulls(pulls: readonly Pull[]): Promise<void>;

  /**
   * Manifests of the repository whose subject is `subject`, by digest, only those of `artifactType` if given. A page ends
   * early where its annotations would exceed `bytesMax` bytes, but never before its first entry; `more` says whether
   * others follow.
   */
  listReferrers(
    repository: RepositoryName,
    subject: Digest,
    page: Page<string> & { readonly artifactType?: string | undefined; readonly bytesMax: number },
  ): Promise<{ readonly referrers: readonly Referrer[]; readonly more: boolean }>;

  /**
   * The log after a revision, oldest first. `REVISION_EXPIRED` when events after it were compacted away,
   * `REVISION_UNKNOWN` when the log does not reach it.
   */
  events(page: { readonly after: Revision; readonly limit: number }): Promise<EventPage>;

  /** The event of a revision that is kept, that of the oldest one included; `undefined` of all others. */
  findEvent(revision: Revision): Promise<Event | undefined>;

  /** Resolves when the log has gone beyond a revision, at the latest a second after, or when the signal is aborted. */
  changed(after: Revision, signal: AbortSignal): Promise<void>;

  /**
   * Changes one repository. `change` may wait for nothing but the transaction, and may run more than once: its only
   * effects are on the transaction. When it throws, nothing happened, and the error is passed on.
   */
  write<T>(repository: RepositoryName, origin: Origin, change: (tx: Transaction) => Promise<T>): Promise<T>;

  /**
   * Forgets events older than `before` and facts that ended before it, and what only they needed. Tag history stays.
   * Resolves with the new oldest revision.
   */
  compact(before: Date): Promise<Revision>;

  /** All facts, now or at a revision. Reads everything: for checks and tests. */
  facts(at?: Revision): Promise<Facts>;

  /** Every blob membership, by repository and digest, read in pages. */
  allBlobs(): AsyncIterable<BlobMember & { readonly repository: RepositoryName; readonly digest: Digest }>;

  /** Every stored manifest by digest, read in pages. Bytes are absent when only tag history needs it. */
  allContents(): AsyncIterable<{
    readonly digest: Digest;
    readonly mediaType: string;
    readonly size: number;
    readonly bytes: Uint8Array | undefined;
  }>;
}
