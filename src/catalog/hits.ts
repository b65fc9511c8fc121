import type { Revision } from "./catalog.ts";
import type { ListPage, ManifestItem, Position, RepositoryItem, TagItem } from "./items.ts";
import type { Selector } from "./selector.ts";
import type { View } from "../oci/view.ts";

/** What is looked for. */
export type SearchQuery = {
  /**
   * Parts of names, tags, and values of annotations and labels. All must be found; the letters A to Z are in lower case,
   * and stand for capitals too.
   */
  readonly words: readonly string[];
  readonly selector: Selector;
  /** Only these repositories, and what is in them, are there for the reader; all of them when it is absent. */
  readonly view?: View | undefined;
  /** Hits at the most, 0 or more. */
  readonly limit: number;
  /** The page begins behind this place, which a page before has given. */
  readonly after?: Position | undefined;
  /** The revision of the first page, whose facts are searched. It was the newest only lately. */
  readonly at?: Revision | undefined;
};

/** Where a word was found: a field of the item, such as `name` or `annotations.org.opencontainers.image.title`. */
export type Match = { readonly field: string; readonly value: string };

/** Something that was found, and by what. */
export type Hit = { readonly matched: readonly Match[] } & (
  | ({ readonly kind: "repository" } & RepositoryItem)
  | ({ readonly kind: "tag" } & TagItem)
  | ({ readonly kind: "manifest" } & ManifestItem)
);

export type SearchPage = ListPage<Hit>;
