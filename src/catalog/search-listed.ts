import type { Engine } from "./engine.ts";
import type { Position } from "./items.ts";
import { readRows } from "./list.ts";
import { TABLES } from "./list-orders.ts";
import { amongNamed, type HitKind } from "./search-candidates.ts";
import { comparePlaces, placeOf, type Found, type FoundPage, type Search } from "./search-found.ts";
import type { Selector } from "./selector.ts";

/** Parts of a selector that say something of manifests and of tags. */
const OF_CONTENTS = [
  "tag",
  "digest",
  "artifactType",
  "mediaType",
  "classes",
  "platforms",
  "annotations",
  "labels",
  "subject",
  "tagged",
] as const satisfies readonly (keyof Selector)[];

/**
 * The kinds of things that a selector can mean. Words alone mean all; a selector that repositories can be asked by means
 * them alone where there are no words; and manifests that have tags are shown as these.
 */
export function kindsOf(selector: Selector, { hasWords }: { hasWords: boolean }): HitKind[] {
  const isOfContents = OF_CONTENTS.some((part) => selector[part] !== undefined);
  const kinds: HitKind[] = isOfContents ? [] : ["repositories"];
  if (!hasWords && !isOfContents) return kinds;
  if (selector.empty !== undefined) return kinds;
  if (selector.tagged !== false) kinds.push("tags");
  if (selector.tagged !== true && selector.tag === undefined) kinds.push("manifests");
  return kinds;
}

/** The selector as the list of that kind takes it. */
export function selectorOf(kind: HitKind, selector: Selector): Selector {
  return kind === "manifests" ? { ...selector, tagged: false } : selector;
}

/** Without words all fits equally well: a page of what is selected, what changed last first. */
export async function listed(engine: Engine, query: Search): Promise<FoundPage> {
  const { selector, at, newest, limit, after } = query;
  const found: Found[] = [];
  // Of a list that has looked at so much that it ends early, what comes behind that place is not known.
  let known = 0;
  for (const kind of kindsOf(selector, { hasWords: false })) {
    const order = { by: "updated", descending: true } as const;
    const start = after && [Math.ceil((Number(after[1]) - (kind === "repositories" ? 1 : 0)) / 2)];
    const { rows, next } = await readRows(engine, kind, {
      query: {
        selector: selectorOf(kind, selector),
        view: query.view,
        order,
        limit,
        at,
        after: start as Position | undefined,
      },
      newest,
      bare: true,
    });
    const keys = rows.map((row) => TABLES[kind].names.map((name) => String(row[name])));
    const facts = await amongNamed(engine, { kind, at, conditions: [] }, keys);
    found.push(...facts.map((fact): Found => ({ ...fact, relevance: 0, matched: [] })));
    if (next) known = Math.max(known, Number(next[0]) * 2 + (kind === "repositories" ? 1 : 0));
  }
  const places = found.map((each) => [each, placeOf(each)] as const);
  const ordered = places
    .filter(([, [, place = 0]]) => Number(place) >= known)
    .toSorted(([, a], [, b]) => comparePlaces(a, b));
  const next = known > 0 ? ([0, known] as const) : undefined;
  return {
    found: ordered.slice(0, limit).map(([each]) => each),
    next: ordered.length > limit ? ordered[limit - 1]?.[1] : next,
  };
}
