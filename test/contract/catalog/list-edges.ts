import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, ListQuery, Order, Position } from "../../../src/catalog/items.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { borrowed, openNew, type NewPlace } from "./place.ts";
import { APP, blob, manifest, ORIGIN, OTHER, push, V1 } from "./samples.ts";

const BY_NAME: Order = { by: "name", descending: false };

export function describeListEdges(newPlace: NewPlace): void {
  describe("a page", () => {
    test("of no items says nothing of a next one; nor does one that is full and the last, or past the end", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      for (const kind of ["repositories", "tags", "manifests", "namespaces"] as const) {
        const empty = await catalog.list(kind, { selector: {}, order: BY_NAME, limit: 10 });
        assert.deepEqual(empty, { revision: 0, items: [], next: undefined });
      }
      for (const repository of ["a", "b", "c", "d"].map(parseName)) {
        await push(catalog, { repository, content: manifest(repository), tags: [V1] });
      }
      const paged = async (parts: Partial<ListQuery>): Promise<unknown> => {
        const page = await catalog.list("tags", { selector: {}, order: BY_NAME, limit: 0, ...parts });
        assert.equal(page.revision, 12);
        return [page.items.map(({ repository }) => repository).join(""), page.next];
      };
      assert.deepEqual(await paged({ limit: 0 }), ["", undefined]);
      assert.deepEqual(await paged({ limit: 3 }), ["abc", ["c", "v1"]]);
      assert.deepEqual(await paged({ limit: 4 }), ["abcd", undefined]);
      assert.deepEqual(await paged({ limit: 2, after: ["b", "v1"] }), ["cd", undefined]);
      assert.deepEqual(await paged({ limit: 2, after: ["d", "v1"] }), ["", undefined]);
    });

    test("of long ago passes over what is below the children of a namespace, and ends early where much is looked at", async () => {
      const reach = {
        rowsTried: 3,
        rowsLookedAtMax: 3,
        rowsLookedUpMax: 3,
        rowsFoundMax: 3,
        recentRevisions: 3,
      };
      await using opened = await openNew(newPlace);
      let steps = 0;
      const counting = borrowed(opened.engine, {
        all: (sql, values) => {
          steps += Number(sql.startsWith("with recursive found"));
          return opened.engine.all(sql, values);
        },
      });
      await using catalog = await openCatalog(counting, { reach });
      const content = manifest("a");
      const many = Array.from({ length: 250 }, (_, n) => `a/x/${n}`);
      for (const name of [...many, "a/y", "a/z/1", "a-b", "a.b/c/1", "a.b/d", "b"]) {
        await push(catalog, { repository: parseName(`p/${name}`), content });
      }
      const { revision: at } = await catalog.bounds();
      for (let n = 0; n <= reach.recentRevisions; n++)
        await push(catalog, { content: manifest(`later ${n}`) });
      const pagesOf = async (selector: Selector, descending: boolean): Promise<string[][]> => {
        const pages: string[][] = [];
        let after: Position | undefined;
        do {
          const query = { selector, order: { by: "name", descending }, at, limit: 10, after } as const;
          const page = await catalog.list("namespaces", query);
          pages.push(page.items.map(({ path }) => path));
          after = page.next;
        } while (after);
        return pages;
      };
      // Three are looked at for a page, each page by one statement: of what is below a child it takes a few steps.
      const children = ["p/a", "p/a-b", "p/a.b", "p/b"];
      for (const [descending, expected] of [
        [false, children],
        [true, children.toReversed()],
      ] as const) {
        const pages = await pagesOf({ under: "p" }, descending);
        assert.deepEqual(pages, [expected.slice(0, 3), expected.slice(3)]);
      }
      assert.deepEqual(await pagesOf({}, false), [["p"]]);
      assert.equal(steps, 5);
    });

    test("of a revision that is compacted or has not come yet is refused", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: manifest("a") });
      const list = (at: number): Promise<unknown> =>
        catalog.list("tags", { selector: {}, order: BY_NAME, limit: 1, at });
      await assert.rejects(list(3), { code: "REVISION_UNKNOWN" });
      const oldest = await catalog.compact(new Date(Date.now() + 1));
      await assert.rejects(list(oldest - 1), { code: "REVISION_EXPIRED" });
    });
  });

  describe("an item", () => {
    test("names a hundred of a manifest's tags, and counts them all, now and at a revision", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const tags = Array.from({ length: 103 }, (_, n) => parseTag(`t${n}`));
      await push(catalog, { content: manifest("a"), tags });
      const { revision } = await catalog.bounds();
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteTag(tags[5]!));
      const expected = tags.map(String).toSorted((a, b) => (a < b ? -1 : 1));
      const now = expected.filter((tag) => tag !== "t5");
      const [present] = await listed(catalog, "manifests");
      assert.deepEqual([present?.tagCount, present?.tags], [102, now.slice(0, 100)]);
      const [past] = await listed(catalog, "manifests", { at: revision });
      assert.deepEqual([past?.tagCount, past?.tags], [103, expected.slice(0, 100)]);
    });

    test("shows what a config says, and is found by it, where the config was pushed and while it was", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const content = manifest("a", { config: blob("config") });
      const details = { labels: { team: "infra" }, imageCreated: new Date(5_000) };
      for (const repository of [APP, OTHER]) await push(catalog, { repository, content, tags: [V1] });
      await catalog.write(OTHER, ORIGIN, (tx) => tx.describe(blob("config"), details));
      assert.deepEqual(await labelled(catalog), [OTHER, OTHER]);
      await catalog.write(APP, ORIGIN, (tx) => tx.describe(blob("config"), details));
      assert.deepEqual(await labelled(catalog), [APP, OTHER, APP, OTHER]);
      const [described] = await listed(catalog, "manifests");
      assert.equal(described?.imageCreated, details.imageCreated.toISOString());
      const { revision } = await catalog.bounds();
      await catalog.write(APP, ORIGIN, (tx) => tx.deleteManifest(content.digest));
      await push(catalog, { content, tags: [V1] });
      assert.deepEqual(await labelled(catalog), [OTHER, OTHER]);
      assert.deepEqual(await labelled(catalog, revision), [APP, OTHER, APP, OTHER]);
    });

    test("shows annotations and labels of any length, whenever the config comes, and is found by them", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      const lengths = [undefined, 1, 986, 987, 2_000];
      const ofLength = (length?: number): Record<string, string> =>
        length === undefined ? {} : { title: "é".repeat(length / 2) + "x".repeat(length % 2) };
      const pushed = lengths.flatMap((one) =>
        lengths.flatMap((other) =>
          [true, false].map((isLate) => ({
            annotations: ofLength(one),
            labels: ofLength(other),
            seed: JSON.stringify([one, other, isLate]),
            isLate,
          })),
        ),
      );
      const expected = new Map<string, object>();
      for (const { annotations, labels, seed, isLate } of pushed) {
        const config = blob(`config ${seed}`);
        const content = manifest(seed, { config, annotations });
        await catalog.write(APP, ORIGIN, (tx) => tx.putManifest(content, isLate ? undefined : { labels }));
        if (isLate) await catalog.write(APP, ORIGIN, (tx) => tx.describe(config, { labels }));
        // Another version of the row has the same.
        await catalog.write(APP, ORIGIN, (tx) => tx.setTag(V1, content.digest));
        expected.set(content.digest, { annotations, labels });
      }
      const shown = (items: readonly Items["manifests"][]): unknown =>
        new Map(items.map(({ digest, annotations, labels }) => [digest, { annotations, labels }]));
      const all = await listed(catalog, "manifests");
      assert.deepEqual(shown(all), expected);
      const selector: Selector = { annotations: [{ key: "title" }] };
      const found = await listed(catalog, "manifests", { selector });
      // Longer values than 1,024 bytes are shown, and not found.
      const short = all.filter(
        ({ annotations: { title = "" } }) => title !== "" && Buffer.byteLength(title) <= 1_024,
      );
      assert.deepEqual(found, short);
    });
  });
}

/** Repositories of manifests and of tags that are found by a label, which are also those that show one. */
async function labelled(catalog: Catalog, at?: number): Promise<string[]> {
  const found: string[] = [];
  for (const kind of ["manifests", "tags"] as const) {
    const selector: Selector = { labels: [{ key: "team", value: "infra" }] };
    const items = await listed(catalog, kind, { selector, at, include: new Set(["labels"]) });
    const all = await listed(catalog, kind, { at, include: new Set(["labels"]) });
    const shown = all.filter(({ labels }) => labels?.["team"] === "infra");
    assert.deepEqual(items, shown);
    found.push(...items.map(({ repository }) => repository));
  }
  return found;
}

async function listed<Kind extends ListKind>(
  catalog: Catalog,
  kind: Kind,
  parts: Partial<ListQuery> = {},
): Promise<readonly Items[Kind][]> {
  return (await catalog.list(kind, { selector: {}, order: BY_NAME, limit: 100, ...parts })).items;
}
