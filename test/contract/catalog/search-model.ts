import assert from "node:assert/strict";
import type { Catalog, Revision } from "../../../src/catalog/catalog.ts";
import type { Hit, SearchQuery } from "../../../src/catalog/hits.ts";
import { readLog } from "./reading.ts";

export const BY_NAME = { by: "name", descending: false } as const;

type Found = { readonly hit: Hit; readonly relevance: number; readonly changed: Revision };

/** What is to be found, by the rules that docs/api.md gives, from the lists of everything. */
export async function foundByLooking(
  catalog: Catalog,
  { words, selector, view }: Pick<SearchQuery, "words" | "selector" | "view">,
): Promise<Hit[]> {
  const isOfContents = ["tagged", "classes", "tag", "annotations", "labels"].some((part) => part in selector);
  const wants = {
    repositories: !isOfContents,
    tags: selector.empty === undefined && selector.tagged !== false && (words.length > 0 || isOfContents),
    manifests:
      selector.empty === undefined &&
      selector.tagged !== true &&
      selector.tag === undefined &&
      (words.length > 0 || isOfContents),
  };
  const query = { selector, view, order: BY_NAME, limit: 1_000 };
  const { repositories, tags, manifests } = await catalog.facts();
  const events = await readLog(catalog);
  const found: Found[] = [];
  const add = (hit: Hit, changed: Revision | undefined, texts: readonly string[]): void => {
    const relevance = Math.min(...words.map((word) => Math.max(...texts.map((text) => fit(word, text)))), 9);
    if (relevance > 0) found.push({ hit, relevance, changed: changed ?? 0 });
  };
  const matched: Hit["matched"] = [];
  const saysItself = (name: string): boolean =>
    wants.repositories && words.length > 0 && words.every((word) => fit(word, name) > 0);
  if (wants.repositories) {
    for (const item of (await catalog.list("repositories", query)).items) {
      const last = events.findLast(({ repository }) => repository === item.name);
      assert.ok(repositories.some(({ name }) => name === item.name));
      add({ kind: "repository", ...item, matched }, last?.revision, [item.name]);
    }
  }
  if (wants.tags) {
    const include = new Set(["annotations", "labels"] as const);
    const rows: Found[] = [];
    for (const item of (await catalog.list("tags", { ...query, include })).items) {
      const fact = tags.find(({ repository, name }) => repository === item.repository && name === item.name);
      const isNamed = words.some((word) => fit(word, item.name) > 0);
      if (saysItself(item.repository) && !isNamed) continue;
      add({ kind: "tag", ...item, matched }, fact?.since, [item.name, item.repository, ...valuesOf(item)]);
      const last = found.at(-1);
      if (
        last?.hit.kind === "tag" &&
        last.hit.name === item.name &&
        last.hit.repository === item.repository
      ) {
        rows.push(last);
      }
    }
    for (const row of rows) if (isRepeated(row, rows, words)) found.splice(found.indexOf(row), 1);
  }
  if (wants.manifests) {
    const untagged = { ...query, selector: { ...selector, tagged: false } };
    for (const item of (await catalog.list("manifests", untagged)).items) {
      const fact = manifests.find(
        (each) => each.repository === item.repository && each.digest === item.digest,
      );
      if (saysItself(item.repository)) continue;
      add({ kind: "manifest", ...item, matched }, fact?.since, [item.repository, ...valuesOf(item)]);
    }
  }
  return found
    .toSorted(
      (a, b) =>
        b.relevance - a.relevance ||
        b.changed - a.changed ||
        Number(b.hit.kind === "repository") - Number(a.hit.kind === "repository"),
    )
    .map(({ hit }) => hit);
}

/** True of a tag that all words fit best by what its manifest says, when another such tag of the manifest moved later. */
function isRepeated({ hit, changed }: Found, all: readonly Found[], words: readonly string[]): boolean {
  const isByValues = ({ hit: other }: Found): boolean =>
    other.kind === "tag" &&
    words.length > 0 &&
    words.every((word) => {
      const values = Math.max(0, ...valuesOf(other).map((value) => fit(word, value)));
      return values > Math.max(fit(word, other.name), fit(word, other.repository));
    });
  if (hit.kind !== "tag" || !isByValues({ hit, changed, relevance: 1 })) return false;
  return all.some(
    (other) =>
      other.changed > changed &&
      other.hit.kind === "tag" &&
      other.hit.repository === hit.repository &&
      other.hit.digest === hit.digest &&
      isByValues(other),
  );
}

function valuesOf({
  annotations,
  labels,
}: {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}): string[] {
  return [...Object.values(annotations ?? {}), ...Object.values(labels ?? {})];
}

/** How well a word fits, said differently from how search does: by patterns. */
function fit(word: string, text: string): number {
  const escaped = word.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const whole = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const patterns = [
    escaped,
    `(?<![^\\x00-/:-@[-\`{-\\x7f])${escaped}(?![^\\x00-/:-@[-\`{-\\x7f])`,
    `^${escaped}`,
    `^${escaped}$`,
  ];
  return patterns.findLastIndex((pattern) => new RegExp(pattern, "s").test(whole)) + 1;
}

/** What a hit is called within its repository, or itself. */
export function nameOf(hit: Hit): string {
  return hit.kind === "manifest" ? hit.digest : hit.name;
}

/** What tells a hit from all others. */
export function idOf(hit: Hit): string {
  return `${hit.kind} ${hit.kind === "repository" ? "" : hit.repository} ${nameOf(hit)}`;
}
