/** Times are RFC 3339 texts, sizes are bytes. docs/api.md explains every field. */
export type Repository = {
  readonly name: string;
  readonly created: string;
  readonly updated: string;
  readonly pulled?: string;
  readonly tagCount: number;
  readonly manifestCount: number;
  readonly size: number;
  readonly latest?: { readonly name: string; readonly digest: string; readonly updated: string };
  readonly artifactTypes?: readonly string[];
};

export type Tag = {
  readonly repository: string;
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly class: string;
  readonly size: number;
  readonly imageSize: number;
  readonly created: string;
  readonly updated: string;
  readonly pulled?: string;
  readonly platforms?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
};

export type Manifest = {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly class: string;
  readonly size: number;
  readonly imageSize: number;
  readonly pushed: string;
  readonly pulled?: string;
  readonly tags: readonly string[];
  readonly tagCount: number;
  readonly subject?: string;
  readonly imageCreated?: string;
  readonly platforms: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
};

export type Namespace = {
  readonly path: string;
  readonly repository: boolean;
  readonly repositoryCount: number;
  readonly created: string;
  readonly updated: string;
};

/** The items of each list. */
export type Items = {
  readonly repositories: Repository;
  readonly tags: Tag;
  readonly manifests: Manifest;
  readonly namespaces: Namespace;
};

/** Parameters of a list, as docs/api.md names them: its filters, `orderBy`, `order`, `at`, `include`, `n` for each page. */
export type ListOptions = {
  readonly [parameter: string]: string | number | boolean | readonly string[] | AbortSignal | undefined;
  readonly signal?: AbortSignal;
};

/** Which events are meant; all that are given must hold. */
export type EventSelector = {
  /** Such as `tag.set`. */
  readonly types?: readonly string[];
  readonly under?: string;
  readonly repository?: string;
  readonly name?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly artifactType?: string;
  readonly mediaType?: string;
};

/** What happened, or is there. */
export type RegistryEvent = {
  readonly type:
    | "repository.created"
    | "repository.deleted"
    | "manifest.pushed"
    | "manifest.deleted"
    | "tag.set"
    | "tag.deleted";
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly previousDigest?: string;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly size?: number;
  readonly imageSize?: number;
  readonly subject?: string;
  readonly time: string;
  /** True of what is there, or is no longer to be seen, rather than what happened. */
  readonly snapshot: boolean;
  /** Of what happened alone. */
  readonly actor?: string;
  readonly requestId?: string;
  readonly cursor?: string;
};

/** What a watcher is told. */
export type Watched =
  | RegistryEvent
  /** What there is follows from the beginning, up to a bookmark: forget what was told before. */
  | { readonly type: "reset" }
  /** All up to here has been told. `cursor` is where to go on another time. */
  | { readonly type: "bookmark"; readonly revision: number; readonly cursor: string };
