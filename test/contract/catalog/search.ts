import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, ManifestContent, Revision } from "../../../src/catalog/catalog.ts";
import type { Hit, SearchQuery } from "../../../src/catalog/hits.ts";
import type { Position } from "../../../src/catalog/items.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import type { View } from "../../../src/oci/view.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { openNew, type NewPlace } from "./place.ts";
import { APP, blob, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";
import { BY_NAME, foundByLooking, idOf, nameOf } from "./search-model.ts";
import { runs } from "../../support/runs.ts";

/** Random registries per engine, and random searches of each. */
const RUNS = 6;
const SEARCHES = 12;

/** Few texts that have much in common, so that words fit whole texts, beginnings, segments and parts of them. */
const NAMES = ["redis", "redis-x", "team/redis", "team/predis", "team/re/dis", "a"].map(parseName);
const TAGS = ["redis", "Redis-7", "7.2-redis", "xredisx", "latest", "a_b"].map(parseTag);
const VALUES = ["redis", "Redis server", "the Redis", "predis", "100% a_b", "Äpfel redis", "a\\b", "A"];
const WORDS = ["redis", "dis", "re", "7.2", "r", "server", "the r", "%", "_", "a", "\\", "äpfel", "latest"];
const KEYS = ["title", "org.opencontainers.image.description"];

/** The same digest is the same content, and the same config says the same. */
const CONTENTS = VALUES.flatMap((value, n): Described[] => [
  { content: manifest(`a${n}`, { annotations: { [KEYS[n % 2] ?? ""]: value } }), labels: undefined },
  {
    content: manifest(`l${n}`, {
      config: blob(`config ${n}`),
      annotations: { title: "plain" },
      class: "chart",
    }),
    labels: { note: value },
  },
]);

type Described = { readonly content: ManifestContent; readonly labels: Record<string, string> | undefined };

type Step = {
  readonly kind: "push" | "delete tags" | "delete manifest" | "delete repository";
  readonly repository: (typeof NAMES)[number];
  readonly what: Described;
  readonly tags: readonly (typeof TAGS)[number][];
};

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 10, arbitrary: fc.constant("push" as const) },
    { weight: 2, arbitrary: fc.constantFrom("delete tags" as const, "delete manifest" as const) },
    { weight: 1, arbitrary: fc.constant("delete repository" as const) },
  ),
  repository: fc.constantFrom(...NAMES),
  what: fc.constantFrom(...CONTENTS),
  tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }),
});

const SELECTORS: readonly Selector[] = [
  { under: "team" },
  { repository: NAMES[2] },
  { tagged: false },
  { tagged: true },
  { empty: false },
  { empty: true },
  { classes: ["chart"] },
  { tag: "*redis*" },
  { annotations: [{ key: "title" }] },
  { labels: [{ key: "note", value: "redis" }], under: "team" },
];

const anySelector: fc.Arbitrary<Selector> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...SELECTORS),
  },
);

/** Some of the names, each between itself and what comes next, or all. */
const anyView: fc.Arbitrary<View | undefined> = fc.option(
  fc.subarray(NAMES.toSorted()).map((names) => ({
    key: names.join(" "),
    ranges: names.map((name) => ({ from: name, to: `${name}\u0001` })),
  })),
  { nil: undefined },
);

const anySearch: fc.Arbitrary<Pick<SearchQuery, "words" | "selector" | "limit" | "view">> = fc.record({
  view: anyView,
  words: fc.uniqueArray(fc.constantFrom(...WORDS), { maxLength: 3 }),
  selector: anySelector,
  limit: fc.integer({ min: 1, max: 7 }),
});

/** Holds search to a model that looks at everything, so that all engines agree. */
export function describeSearch(newPlace: NewPlace): void {
  describe("search", () => {
    test("finds what a look at everything finds, in the same order, page by page while others write", async () => {
      const property = fc.asyncProperty(
        fc.array(anyStep, { minLength: 1, maxLength: 30 }),
        fc.array(anySearch, { minLength: SEARCHES, maxLength: SEARCHES }),
        fc.array(anyStep, { minLength: 5, maxLength: 5 }),
        async (steps, searches, later) => {
          await using opened = await openNew(newPlace);
          const { catalog } = opened;
          for (const step of steps) await carryOut(catalog, step);
          // Each qualifier is asked of every registry, by itself and with a word.
          const qualified = SELECTORS.flatMap((selector) =>
            [[], ["re"]].map((words) => ({ words, selector, limit: 5 })),
          );
          for (const query of [...searches, ...qualified]) {
            const expected = (await foundByLooking(catalog, query)).map(idOf);
            const found = await crawl(catalog, query, later);
            assert.deepEqual(found.map(idOf), expected, JSON.stringify(query));
          }
        },
      );
      await fc.assert(property, { numRuns: runs(RUNS) });
    });

    test("orders by whole text, beginning, segment, part, and then by the last change", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      for (const name of ["predis", "team/redis", "redis-x", "redis", "team/z.redis", "redis-y", "xredisx"]) {
        await push(catalog, { repository: parseName(name), content: manifest(name) });
      }
      const { items } = await catalog.search({ words: ["redis"], selector: {}, limit: 10 });
      assert.deepEqual(items.map(nameOf), [
        "redis",
        "redis-y",
        "redis-x",
        "team/z.redis",
        "team/redis",
        "xredisx",
        "predis",
      ]);
    });

    test("shows the item with what matched, and labels only where the config is known", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("c", { config: blob("config"), annotations: { title: "The Store" } });
      await push(catalog, { content, tags: [V1] });
      await push(catalog, { repository: OTHER, content, tags: [V2] });
      await catalog.write(OTHER, ORIGIN, (tx) => tx.describe(blob("config"), { labels: { team: "Infra" } }));
      const store = await catalog.search({ words: ["store"], selector: {}, limit: 10 });
      assert.deepEqual(
        store.items.map((hit) => [hit.kind, nameOf(hit), hit.matched]),
        [V2, V1].map((tag) => ["tag", tag, [{ field: "annotations.title", value: "The Store" }]]),
      );
      const [listed] = (
        await catalog.list("tags", { selector: { repository: OTHER }, order: BY_NAME, limit: 1 })
      ).items;
      const { kind: _, matched: __, ...item } = store.items[0]!;
      assert.deepEqual(item, listed);
      const infra = await catalog.search({ words: ["infra"], selector: {}, limit: 10 });
      assert.deepEqual(
        infra.items.map((hit) => [hit.kind, nameOf(hit), hit.matched]),
        [["tag", V2, [{ field: "labels.team", value: "Infra" }]]],
      );
    });

    test("shows the tag that moved last for all that say the same, and fits no word to labels that are hidden", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("c", { config: blob("config"), annotations: { title: "The Store" } });
      await push(catalog, { content, tags: [V1] });
      await catalog.write(APP, ORIGIN, (tx) => tx.describe(blob("config"), { labels: { team: "infra" } }));
      await push(catalog, { content, tags: [V2] });
      await push(catalog, { repository: parseName("my/infrared"), content, tags: [V1] });
      const found = await catalog.search({ words: ["infra", "store"], selector: {}, limit: 10 });
      assert.deepEqual(
        found.items.map((hit) => [idOf(hit), hit.matched.map(({ field }) => field)]),
        [
          [`tag ${APP} v2`, ["labels.team", "annotations.title"]],
          ["tag my/infrared v1", ["repository", "annotations.title"]],
        ],
      );
    });

    test("finds what was described later, and nothing of what is gone, also after compaction", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      const content = manifest("c", { annotations: { title: "unique" } });
      await push(catalog, { content, tags: [parseTag("special")] });
      await push(catalog, { repository: OTHER, content: manifest("d"), tags: [V1] });
      const count = async (word: string): Promise<number> =>
        (await catalog.search({ words: [word], selector: {}, limit: 10 })).items.length;
      assert.deepEqual([await count("unique"), await count("special"), await count("app")], [1, 1, 1]);
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteRepository());
      assert.deepEqual([await count("unique"), await count("special"), await count("app")], [0, 0, 0]);
      // The last event is kept, and what it names with it.
      await push(catalog, { repository: OTHER, content: manifest("e") });
      await catalog.compact(new Date(Date.now() + 60_000));
      const texts = await Promise.all(
        ["repository", "tag", "value"].map((kind) => engine.all(`select value from search_${kind}`)),
      );
      assert.deepEqual(texts, [[{ value: OTHER }], [{ value: V1 }], []]);
      await push(catalog, { content, tags: [parseTag("special")] });
      assert.deepEqual([await count("unique"), await count("special"), await count("app")], [1, 1, 1]);
    });

    test("gives no other page when too much has changed since the first", async () => {
      await using opened = await openNew(newPlace);
      const { catalog, engine } = opened;
      for (const tag of [V1, V2]) await push(catalog, { content: manifest(tag), tags: [tag] });
      const query = { words: ["v"], selector: {}, limit: 1 };
      const first = await catalog.search(query);
      assert.ok(first.next);
      await engine.run(
        `insert into tag (repository, name, digest, since, until, created, updated)
          with recursive n (i) as (select 1 union all select i + 1 from n where i < 5001)
          select 'x', 'x' || i, 'sha256:x', ${first.revision} + i, ${first.revision} + i + 1, 0, 0 from n`,
      );
      await engine.run(`update clock set revision = revision + 5002`);
      await assert.rejects(catalog.search({ ...query, at: first.revision, after: first.next }), {
        code: "REVISION_EXPIRED",
        message: /Search again from the first page/,
      });
    });
  });
}

async function carryOut(catalog: Catalog, { kind, repository, what, tags }: Step): Promise<void> {
  const { content, labels } = what;
  await catalog.write(repository, ORIGIN, async (tx) => {
    if (kind === "delete repository") await tx.deleteRepository();
    else if (kind === "delete manifest") await tx.deleteManifest(content.digest);
    else if (kind === "delete tags") for (const tag of tags) await tx.deleteTag(tag);
    else {
      await tx.putManifest(content, labels && { labels });
      for (const tag of tags) await tx.setTag(tag, content.digest);
    }
  });
}

/** All pages of a search, between which something is written. */
async function crawl(
  catalog: Catalog,
  query: Pick<SearchQuery, "words" | "selector" | "limit" | "view">,
  later: readonly Step[],
): Promise<Hit[]> {
  const found: Hit[] = [];
  let page: { at?: Revision; after?: Position } = {};
  for (let number = 0; ; number++) {
    const { revision, items, next } = await catalog.search({ ...query, ...page });
    assert.ok(items.length <= query.limit);
    found.push(...items);
    if (next === undefined) return found;
    page = { at: revision, after: next };
    const step = later[number];
    if (step) await carryOut(catalog, step);
  }
}
