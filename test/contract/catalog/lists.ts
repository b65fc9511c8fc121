import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, Event, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, ListQuery, Order, OrderBy, Position } from "../../../src/catalog/items.ts";
import type { Reach } from "../../../src/catalog/list-reading.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { fakeClock } from "./clock.ts";
import { ListModel } from "./list-model.ts";
import { anyListCommand, BEGINNING, carryOutListed, CONTENTS, ORDERS, SELECTORS } from "./list-samples.ts";
import { expectedItems } from "./list-selection.ts";
import { borrowed, openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { manifest, push } from "./samples.ts";
import { runs } from "../../support/runs.ts";

/** Random histories tried, and writes of each. Each costs a new database. */
const RUNS = 3;
const WRITES = 40;

const KINDS = Object.keys(ORDERS) as ListKind[];

type Choose = fc.GeneratorValue;

export function describeLists(newPlace: NewPlace): void {
  describe("lists", () => {
    test("show what the log says, in every order, by every filter, on pages of any size, at any revision", () =>
      assertHistories(newPlace));

    test("show the same, on more pages, where they stop early or have filters find their rows", () =>
      assertHistories(newPlace, NEAR));

    test("look no further than they may: a page ends early, or is made of the few rows that a filter finds", async () => {
      await using opened = await openNew(newPlace, { reach: NEAR });
      const contents = Array.from({ length: 15 }, (_, n) =>
        manifest(`${n}`, { annotations: { [n === 7 ? "few" : n > 5 ? "many" : "others"]: "x" } }),
      );
      for (const [n, content] of contents.entries()) {
        await push(opened.catalog, { content, tags: [parseTag(`v${n}`)] });
      }
      const order = { by: "created", descending: false } as const;
      const names = async (selector: Selector, after?: Position): Promise<unknown> => {
        const page = await opened.catalog.list("tags", { selector, order, limit: 10, after });
        return { names: page.items.map(({ name }) => name), next: page.next };
      };
      assert.deepEqual(await names({ annotations: [{ key: "few" }] }), { names: ["v7"], next: undefined });
      // The log begins with the repository; then come a manifest and its tag, each in turn.
      assert.deepEqual(await names({ tag: "*14" }), { names: [], next: [9] });
      assert.deepEqual(await names({ tag: "*14" }, [9]), { names: [], next: [17] });
      assert.deepEqual(await names({ tag: "*14" }, [25]), { names: ["v14"], next: undefined });
      assert.deepEqual(await names({ annotations: [{ key: "many", value: "x" }] }), { names: [], next: [9] });
      // Where each row is looked up elsewhere, it ends earlier: here at the third.
      assert.deepEqual(await names({ annotations: [{ key: "many" }] }), { names: [], next: [7] });
    });

    test("end early nowhere by name where an index has just what is asked for", async () => {
      await using opened = await openNew(newPlace, { reach: NEAR });
      const { catalog } = opened;
      const contents = Array.from({ length: 24 }, (_, n) => manifest(`${n}`));
      for (const [n, content] of contents.entries()) {
        await push(catalog, { content, tags: n % 3 === 0 ? [] : [parseTag(`v${n}`)] });
      }
      const { revision } = await catalog.bounds();
      await push(catalog, { repository: parseName("zz"), content: manifest("after") });
      const untagged = contents.flatMap(({ digest }, n) => (n % 3 === 0 ? digest : [])).toSorted();
      for (const at of [undefined, revision]) {
        const query = { selector: { tagged: false }, order: { by: "name", descending: false }, at } as const;
        const page = await catalog.list("manifests", { ...query, limit: 8 });
        assert.deepEqual(
          page.items.map(({ digest }) => digest),
          untagged,
        );
        assert.equal(page.next === undefined, at === revision);
      }
    });

    test("of names alone go on from page to page, however their rows are found", async () => {
      await using opened = await openNew(newPlace, { reach: NEAR });
      const contents = Array.from({ length: 12 }, (_, n) =>
        manifest(`${n}`, { annotations: n % 5 === 1 ? { few: "x" } : {} }),
      );
      for (const [n, content] of contents.entries()) {
        await push(opened.catalog, { content, tags: [parseTag(`v${n}`)] });
      }
      for (const by of ["name", "created", "updated", "size"] as const) {
        for (const selector of [{}, { annotations: [{ key: "few" }] }]) {
          const query = { selector, order: { by, descending: false }, limit: 1 };
          const named = async (namesOnly: boolean): Promise<unknown[]> => {
            const items = await crawl(opened.catalog, "tags", {
              query: { ...query, namesOnly },
              reach: NEAR,
            });
            return items.map((item) => "name" in item && item.name);
          };
          assert.deepEqual(await named(true), await named(false), `${by} ${JSON.stringify(selector)}`);
        }
      }
    });

    test("have the same pages whatever was asked for before, full ones and such as end early", async () => {
      const reach = { ...NEAR, rowsTried: 9 };
      await using opened = await openNew(newPlace, { reach });
      for (let n = 0; n < 40; n++) {
        const annotations = { half: `${n % 2}`, ...(n % 5 === 0 && { fifth: "0" }) };
        await push(opened.catalog, { content: manifest(`${n}`, { annotations }), tags: [parseTag(`v${n}`)] });
      }
      const orders = (["name", "created", "size"] as const).flatMap((by) => [
        { by, descending: false },
        { by, descending: true },
      ]);
      const { revision } = await opened.catalog.bounds();
      await push(opened.catalog, { content: manifest("after"), tags: [parseTag("v1")] });
      const moments = [undefined, revision];
      for (const order of orders) {
        for (const [key, at] of ["half", "fifth"].flatMap((each) =>
          moments.map((moment) => [each, moment] as const),
        )) {
          const query = { selector: { annotations: [{ key, value: "0" }] }, order, limit: 3, at };
          const pages = new Map<Position | undefined, unknown>();
          for (let after: Position | undefined; !pages.has(after);) {
            await using fresh = await openCatalog(borrowed(opened.engine), { reach });
            const page = await fresh.list("tags", { ...query, after });
            pages.set(after, page);
            after = page.next;
          }
          assert.ok(pages.size > 4);
          for (const after of [...pages.keys(), ...[...pages.keys()].toReversed(), ...pages.keys()]) {
            assert.deepEqual(await opened.catalog.list("tags", { ...query, after }), pages.get(after));
          }
        }
      }
    });

    test("keep what a filter has found apart by list, revision and stretch of names", async () => {
      await using opened = await openNew(newPlace, { reach: NEAR });
      const { catalog } = opened;
      const few = manifest("few", { annotations: { few: "x" } });
      for (const name of ["a", "a/b"]) {
        const repository = parseName(name);
        for (const n of "12345") {
          await push(catalog, { repository, content: manifest(n), tags: [parseTag(`v${n}`)] });
        }
        await push(catalog, { repository, content: few, tags: [parseTag(`x-${name.length}`)] });
      }
      const { revision } = await catalog.bounds();
      const order = { by: "name", descending: false } as const;
      const selector = { under: "a", annotations: [{ key: "few" }] };
      const names = async (at?: Revision): Promise<string[]> => {
        const page = await catalog.list("tags", { selector, order, limit: 10, at });
        return page.items.map((item) => `${item.repository}:${item.name}`);
      };
      const before = ["a:x-1", "a/b:x-3"];
      assert.deepEqual(await names(), before);
      assert.deepEqual(await names(), before);
      await push(catalog, { repository: parseName("a"), content: few, tags: [parseTag("y")] });
      assert.deepEqual(await names(), ["a:x-1", "a:y", "a/b:x-3"]);
      assert.deepEqual(await names(revision), before);
      assert.deepEqual(await names(), ["a:x-1", "a:y", "a/b:x-3"]);
    });
  });
}

/** So near that a few rows are as many to a page as tens of thousands are to others. */
const NEAR: Reach = {
  rowsTried: 2,
  rowsLookedAtMax: 4,
  rowsLookedUpMax: 3,
  rowsFoundMax: 3,
  recentRevisions: 10,
};

async function assertHistories(newPlace: NewPlace, reach?: Reach): Promise<void> {
  const anyHistory = fc.array(anyListCommand, { minLength: WRITES / 2, maxLength: WRITES });
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.gen(), async (commands, choose) => {
      using clock = fakeClock(BEGINNING);
      await using opened = await openNew(newPlace, { ...(reach && { reach }) });
      const { catalog } = opened;
      for (const [second, command] of commands.entries()) {
        clock.set(BEGINNING + second * 1_000);
        await carryOutListed(catalog, command, second);
      }
      const events = await readLog(catalog);
      const asked = { events, choose, reach };
      const filters = new Map(KINDS.map((kind) => [kind, choose(() => anyHalves(SELECTORS[kind]))]));
      for (const kind of KINDS) {
        await assertList(catalog, { ...asked, kind, oldest: 0, filters: filters.get(kind)?.[0] ?? [] });
      }
      const cut = choose(fc.integer, { min: 0, max: commands.length });
      const oldest = await catalog.compact(new Date(BEGINNING + cut * 1_000));
      for (const kind of KINDS) {
        await assertList(catalog, { ...asked, kind, oldest, filters: filters.get(kind)?.[1] ?? [] });
      }
    }),
    // What is smaller is asked other questions: it would be long until nothing smaller fails.
    { numRuns: runs(RUNS), endOnFailure: true },
  );
}

/** All of them, some before the log is compacted and the others after: so each is asked once of every history. */
function anyHalves(selectors: readonly Selector[]): fc.Arbitrary<readonly (readonly Selector[])[]> {
  const half = Math.ceil(selectors.length / 2);
  return fc
    .shuffledSubarray([...selectors], { minLength: selectors.length })
    .map((shuffled) => [shuffled.slice(0, half), shuffled.slice(half)]);
}

type Asked = {
  readonly kind: ListKind;
  readonly filters: readonly Selector[];
  readonly events: readonly Event[];
  readonly choose: Choose;
  readonly oldest: Revision;
  readonly reach: Reach | undefined;
};

/** Asks for a list in each order, and by each of the filters in one. */
async function assertList(catalog: Catalog, asking: Asked): Promise<void> {
  const { kind, filters, events, choose, oldest, reach } = asking;
  const orders = ORDERS[kind].flatMap((by) => [false, true].map((descending): Order => ({ by, descending })));
  // By name, items are found in other ways than by anything else.
  const [byName, others] = [orders.slice(0, 2), orders.slice(2)];
  const anyOrder = (): Order =>
    choose(() => fc.oneof(fc.constantFrom(...byName), fc.constantFrom(...others)));
  const asked = [
    ...orders.map((order) => ({ order, selector: {} })),
    ...filters.map((selector) => ({ order: anyOrder(), selector })),
  ];
  for (const { order, selector } of asked) {
    const at = choose(() => fc.option(fc.integer({ min: oldest, max: events.length }), { nil: undefined }));
    const query: ListQuery = {
      selector,
      order,
      limit: choose(fc.integer, { min: 1, max: 12 }),
      at: isOfWrites(kind, selector) ? endOfWrite(events, at) : at,
      after: choose(() => fc.option(anyPlace(kind, order.by), { nil: undefined, freq: 2 })),
      include: choose(() => anyIncluded),
    };
    const model = new ListModel(events.slice(0, query.at ?? events.length), CONTENTS);
    const expected = expectedItems(kind, model.entries()[kind], query);
    assert.deepEqual(
      await crawl(catalog, kind, { query, reach }),
      expected,
      `${kind} ${JSON.stringify(query)}`,
    );
  }
}

/** True of what is said of whole writes only, not of each revision within one. */
export function isOfWrites(kind: ListKind, { tagged }: Selector): boolean {
  return kind === "namespaces" || tagged !== undefined;
}

/** The revision at which the write ended that a revision is of. */
export function endOfWrite(events: readonly Event[], at: Revision | undefined): Revision | undefined {
  if (at === undefined || at === 0) return at;
  const request = events[at - 1]?.requestId;
  return events.findLast((event) => event.requestId === request)?.revision;
}

const anyIncluded: fc.Arbitrary<ListQuery["include"]> = fc
  .subarray(["latest", "artifactTypes", "platforms", "annotations", "labels"] as const)
  .map((names) => new Set(names));

/** A place in a list at which there may be nothing; or none, where revisions are those of whole writes. */
function anyPlace(kind: ListKind, by: OrderBy): fc.Arbitrary<Position | undefined> {
  const anyName = fc.constantFrom("", "a", "a-b", "a.", "a/", "a/b", "a/b!", "a0", "b", "zz");
  const anyRest = fc.constantFrom("", "1.10", "1.2", "b", "sha256:8", "zz");
  const anyNumber = fc.integer({ min: 0, max: 60 });
  const anyVersion = fc.constantFrom("", "A1", "A1A2A0~", "A3");
  if (by === "name") {
    return kind === "tags" || kind === "manifests" ? fc.tuple(anyName, anyRest) : fc.tuple(anyName);
  }
  if (kind === "namespaces") return fc.constant(undefined);
  if (by === "created" || by === "updated") return fc.tuple(anyNumber);
  if (by === "semver") return fc.tuple(anyVersion, anyNumber);
  return fc.tuple(fc.constantFrom(0, 70, 200, 1_000, 5_000), anyNumber);
}

/** All pages of a list. Where it looks far enough, each but the last is full; the last says nothing of another. */
async function crawl(
  catalog: Catalog,
  kind: ListKind,
  { query, reach }: { query: ListQuery; reach: Reach | undefined },
): Promise<Items[ListKind][]> {
  const items: Items[ListKind][] = [];
  for (let { after, at } = query; ;) {
    const page = await catalog.list(kind, { ...query, after, at });
    items.push(...page.items);
    at = page.revision;
    if (page.next === undefined) return items;
    assert.ok(page.items.length <= query.limit);
    if (reach === undefined) assert.equal(page.items.length, query.limit);
    assert.notDeepEqual(page.next, after);
    after = page.next;
  }
}
