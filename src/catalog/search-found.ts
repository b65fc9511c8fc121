import type { Revision } from "./catalog.ts";
import type { Match, SearchQuery } from "./hits.ts";
import type { Position } from "./items.ts";
import type { Candidate } from "./search-candidates.ts";
import type { Relevance } from "./search-rank.ts";

/** A search of the facts at one revision; `newest` is where the log ends. */
export type Search = SearchQuery & { readonly at: Revision; readonly newest: Revision };

/** Something found, as far as it takes to put it in order. */
export type Found = Candidate & { readonly relevance: Relevance; readonly matched: readonly Match[] };

/** A page, and where the next begins. */
export type FoundPage = { readonly found: readonly Found[]; readonly next?: Position | undefined };

/**
 * The place of what was found: by relevance, then by the last change. A repository comes before the tag whose change was
 * its last.
 */
export function placeOf({ relevance, changed, kind }: Omit<Found, "matched">): Position {
  return [relevance, changed * 2 + (kind === "repositories" ? 1 : 0)];
}

/** Places in descending order. */
export function comparePlaces([a, b = 0]: Position, [c, d = 0]: Position): number {
  return Number(c) - Number(a) || Number(d) - Number(b);
}
