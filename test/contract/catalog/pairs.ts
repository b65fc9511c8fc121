import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, ConfigDetails, Transaction } from "../../../src/catalog/catalog.ts";
import { marksOf } from "../../../src/catalog/marks.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { openNew, type NewPlace } from "./place.ts";
import { APP, blob, manifest, ORIGIN, OTHER } from "./samples.ts";
import { runs } from "../../support/runs.ts";

/** Random repositories tried. Each costs a new database. */
const RUNS = 10;

/** Races run, one after the other. */
const ROUNDS = 20;

type Pairs = Readonly<Record<string, string>>;

/** `full` has every mark there is, so that its row is looked at whatever is asked for; `long` has more than a row holds. */
type Content = {
  readonly annotations: Pairs;
  readonly labels: Pairs;
  readonly kind: "plain" | "full" | "long";
  readonly isLate: boolean;
};

const anyText = fc.string({
  unit: fc.constantFrom(
    '"',
    "\\",
    ":",
    ",",
    "{",
    "}",
    "*",
    "?",
    "%",
    "_",
    "a",
    "\u0001",
    "\u2028",
    "😀",
    '":"',
    '","',
  ),
  maxLength: 4,
});
const anyPairs = fc
  .array(fc.tuple(anyText, anyText), { maxLength: 3 })
  .map((pairs): Pairs => Object.fromEntries(pairs));
const anyContent: fc.Arbitrary<Content> = fc.record({
  annotations: anyPairs,
  labels: anyPairs,
  kind: fc.constantFrom("plain", "full", "long"),
  isLate: fc.boolean(),
});

const full: Content = { annotations: {}, labels: {}, kind: "full", isLate: false };

/** Pairs that the JSON of others has in it, here and there. */
const LOOKING_ALIKE: [Content[], Pairs][] = [
  [[{ ...full, annotations: { "x,": ":", z: "a" } }], { ":": "," }],
  [[{ ...full, annotations: { a: "x,", ":": "a" } }], { ",": ":" }],
  [[{ ...full, labels: { 'x"a': "b", y: '"a":"c' } }], { a: "b" }],
  [[{ ...full, labels: { y: 'x","a":"c' } }], { a: "c" }],
];

/** What sets every mark. */
const FULL = fullPairs();
/** Too long for a row. */
const LONG = { long: "x".repeat(1_001) };

export function describePairs(newPlace: NewPlace): void {
  describe("filters by annotations and labels", () => {
    test("find what has them and nothing else, whatever is in them, in every order", async () => {
      const anyContents = fc.array(anyContent, { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(anyContents, anyPairs, async (contents, others) => {
          await using opened = await openNew(newPlace);
          await pushAll(opened.catalog, contents);
          for (const source of ["annotations", "labels"] as const) {
            const pairs = [...contents.map((content) => content[source]), others].flatMap(
              Object.entries<string>,
            );
            for (const [key, value] of pairs) {
              const has = (content: Content): boolean =>
                Object.hasOwn(content[source], key) && content[source][key] === value;
              const repositories = source === "labels" ? [APP] : [APP, OTHER];
              const names = contents.flatMap((content, n) =>
                has(content) ? repositories.map((repository) => `${repository}:v${n}`) : [],
              );
              await assertFound(opened.catalog, { [source]: [{ key, value }] }, names);
            }
          }
        }),
        { numRuns: runs(RUNS), examples: LOOKING_ALIKE },
      );
    });

    test("find also tags that were set while another repository learned what their manifest's config says", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { catalog, nodes } = opened;
      const labels = { team: "infra" };
      const names: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const config = blob(`config ${round}`);
        const content = manifest(`${round}`, { config });
        await catalog.write(APP, ORIGIN, (tx) => tx.putManifest(content));
        const tags = Array.from({ length: 4 }, (_, n) => parseTag(`v${round}-${n}`));
        const setting = tags.map((tag, n) =>
          nodes[n % nodes.length]!.write(APP, ORIGIN, (tx) => tx.setTag(tag, content.digest)),
        );
        await Promise.all([
          ...setting,
          nodes.at(-1)!.write(OTHER, ORIGIN, (tx) => tx.putManifest(content, { labels })),
        ]);
        await catalog.write(APP, ORIGIN, (tx) => tx.describe(config, { labels }));
        names.push(...tags.map((tag) => `${APP}:${tag}`));
      }
      const query = { order: { by: "name", descending: false }, limit: 1_000 } as const;
      const found = await catalog.list("tags", {
        ...query,
        selector: { labels: [{ key: "team", value: "infra" }], repository: APP },
      });
      assert.deepEqual(
        found.items.map((item) => `${item.repository}:${item.name}`).toSorted(),
        names.toSorted(),
      );
    });
  });
}

async function assertFound(catalog: Catalog, selector: Selector, names: readonly string[]): Promise<void> {
  for (const by of ["name", "size"] as const) {
    const query = { selector, order: { by, descending: false }, limit: 100 };
    const tags = await catalog.list("tags", query);
    assert.deepEqual(
      tags.items.map(({ repository, name }) => `${repository}:${name}`).toSorted(),
      names.toSorted(),
    );
    const manifests = await catalog.list("manifests", query);
    assert.deepEqual(
      manifests.items.flatMap((item) => item.tags.map((tag) => `${item.repository}:${tag}`)).toSorted(),
      names.toSorted(),
    );
  }
}

/** Each with a tag of its own, named by its number, in two repositories, of which one has the configs. */
async function pushAll(catalog: Catalog, contents: readonly Content[]): Promise<void> {
  for (const [n, { kind, isLate, ...pairs }] of contents.entries()) {
    const config = blob(`config ${n}`);
    const more = { plain: {}, full: FULL, long: LONG }[kind];
    const content = manifest(`${n}`, { config, annotations: { ...more, ...pairs.annotations } });
    const { labels } = pairs;
    const put = async (tx: Transaction, details?: ConfigDetails): Promise<void> => {
      await tx.putManifest(content, details);
      await tx.setTag(parseTag(`v${n}`), content.digest);
    };
    await catalog.write(APP, ORIGIN, (tx) => put(tx, isLate ? undefined : { labels }));
    await catalog.write(OTHER, ORIGIN, (tx) => put(tx));
    if (isLate) await catalog.write(APP, ORIGIN, (tx) => tx.describe(config, { labels }));
  }
}

function fullPairs(): Pairs {
  let pairs: Pairs = {};
  for (let n = 0; n < 2_000; n++) {
    const more = { ...pairs, [`f${n}`]: "" };
    if (marksOf({ annotations: more }) !== marksOf({ annotations: pairs })) pairs = more;
  }
  return pairs;
}
