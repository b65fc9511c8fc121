import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, Event, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, ListQuery, Order, OrderBy, Position } from "../../../src/catalog/items.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import { fakeClock } from "./clock.ts";
import { ListModel } from "./list-model.ts";
import { anyListCommand, BEGINNING, carryOutListed, CONTENTS, ORDERS, SELECTORS } from "./list-samples.ts";
import { expectedItems } from "./list-selection.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";

/** Random histories tried, and writes of each. Each costs a new database. */
const RUNS = 6;
const WRITES = 40;

const KINDS = Object.keys(ORDERS) as ListKind[];

type Choose = fc.GeneratorValue;

export function describeLists(newPlace: NewPlace): void {
  describe("lists", () => {
    test("show what the log says, in every order, by every filter, on pages of any size, at any revision", async () => {
      const anyHistory = fc.array(anyListCommand, { minLength: WRITES / 2, maxLength: WRITES });
      await fc.assert(
        fc.asyncProperty(anyHistory, fc.gen(), async (commands, choose) => {
          using clock = fakeClock(BEGINNING);
          await using opened = await openNew(newPlace);
          const { catalog } = opened;
          for (const [second, command] of commands.entries()) {
            clock.set(BEGINNING + second * 1_000);
            await carryOutListed(catalog, command, second);
          }
          const events = await readLog(catalog);
          for (const kind of KINDS) await assertList(catalog, { kind, events, choose, oldest: 0 });
          const cut = choose(fc.integer, { min: 0, max: commands.length });
          const oldest = await catalog.compact(new Date(BEGINNING + cut * 1_000));
          for (const kind of KINDS) await assertList(catalog, { kind, events, choose, oldest });
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    });
  });
}

type Asked = {
  readonly kind: ListKind;
  readonly events: readonly Event[];
  readonly choose: Choose;
  readonly oldest: Revision;
};

/** Asks for a list in each order, and by each filter in one. */
async function assertList(catalog: Catalog, { kind, events, choose, oldest }: Asked): Promise<void> {
  const orders = ORDERS[kind].flatMap((by) => [false, true].map((descending): Order => ({ by, descending })));
  const anyOrder = (): Order => choose(() => fc.constantFrom(...orders));
  const asked = [
    ...orders.map((order) => ({ order, selector: {} })),
    ...SELECTORS[kind].map((selector) => ({ order: anyOrder(), selector })),
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
    assert.deepEqual(await crawl(catalog, kind, query), expected, `${kind} ${JSON.stringify(query)}`);
  }
}

/** True of what is said of whole writes only, not of each revision within one. */
function isOfWrites(kind: ListKind, { tagged }: Selector): boolean {
  return kind === "namespaces" || tagged !== undefined;
}

function endOfWrite(events: readonly Event[], at: Revision | undefined): Revision | undefined {
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

/** All pages of a list. Each but the last is full, and says where to go on; the last says nothing. */
async function crawl(catalog: Catalog, kind: ListKind, query: ListQuery): Promise<Items[ListKind][]> {
  const items: Items[ListKind][] = [];
  for (let { after, at } = query; ;) {
    const page = await catalog.list(kind, { ...query, after, at });
    items.push(...page.items);
    at = page.revision;
    if (page.next === undefined) return items;
    assert.equal(page.items.length, query.limit);
    after = page.next;
  }
}
