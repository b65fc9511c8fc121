import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Parameters } from "./selector.ts";

/** The lists of things that a registry has now, or had. */
export type ListKind = "repositories" | "tags" | "manifests" | "namespaces";

/** A thing on a list: fields as docs/api.md names them, those that the registry can tell. */
export type Item = Readonly<Record<string, unknown>>;

/** Some items. They are all of one revision, where the registry has such; events lead up to a cursor. */
export type Page = { readonly items: readonly Item[]; readonly revision?: number; readonly cursor?: string };

export type ListRequest = {
  readonly kind: ListKind;
  /** The repository whose tags or manifests are meant, or the namespace; all if it is left out. */
  readonly name?: RepositoryName | undefined;
  /** Selector, order and time, as in the query of the lists API. */
  readonly parameters: Parameters;
  /** What is wanted of each item; all that costs nothing if it is left out. */
  readonly fields?: readonly string[] | undefined;
  /** Items in all, at the most. */
  readonly limit?: number | undefined;
};

export type HistoryRequest = {
  readonly name: RepositoryName;
  readonly tag: Tag;
  readonly parameters: Parameters;
  readonly limit?: number | undefined;
};

export type SearchRequest = {
  /** Words and qualifiers, as docs/api.md has them. */
  readonly query: string;
  /** The namespace that is searched; the whole registry if it is left out. */
  readonly name?: RepositoryName | undefined;
  readonly parameters: Parameters;
  readonly limit?: number | undefined;
};

export type EventsRequest = { readonly parameters: Parameters; readonly limit?: number | undefined };

/**
 * A registry that can be asked what is in it, whoever made it. All lists come in pages that are fetched as they are
 * read; a list that ended without an error is complete. What a registry cannot tell is UNSUPPORTED, or a note where
 * the rest is still worth having.
 */
export type Registry = {
  /** The fields of a list's items that cost no request for each item. */
  fieldsOf(kind: ListKind): readonly string[];
  list(request: ListRequest): AsyncIterable<Page>;
  /** What a tag pointed to, newest first. */
  history(request: HistoryRequest): AsyncIterable<Page>;
  search(request: SearchRequest): AsyncIterable<Page>;
  /** What happened, as CloudEvents, oldest first. */
  events(request: EventsRequest): AsyncIterable<Page>;
};
