import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { Catalog, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind, Order } from "../../../src/catalog/items.ts";
import type { Command } from "./commands.ts";
import { ListModel } from "./list-model.ts";
import { anyListCommand, carryOutListed, CONTENTS, ORDERS } from "./list-samples.ts";
import { expectedItems } from "./list-selection.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { runs } from "../../support/runs.ts";

/** Random histories tried. Each costs a new database. */
const RUNS = 3;
const CLIENTS = 8;

type Crawl = {
  readonly kind: ListKind;
  readonly order: Order;
  readonly revision: Revision;
  readonly items: readonly Items[ListKind][];
};

export function describeCrawls(newPlace: NewPlace): void {
  describe("a crawl while clients push, move tags and delete", () => {
    test("shows the facts of its first page's revision in order, each once", async () => {
      const anyCommands = fc.array(anyListCommand, { minLength: 10, maxLength: 15 });
      const anyClients = fc.array(anyCommands, { minLength: CLIENTS, maxLength: CLIENTS });
      const anyPageSizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(anyClients, anyPageSizes, async (clients, pageSizes) => {
          await using opened = await openNew(newPlace, { nodes: "all" });
          const { nodes } = opened;
          const working = new Set(clients);
          const runClient = async (commands: readonly Command[], client: number): Promise<void> => {
            for (const [n, command] of commands.entries()) {
              await carryOutListed(nodes[client % nodes.length]!, command, client * 1_000 + n);
            }
            working.delete(clients[client]!);
          };
          const crawls: Crawl[] = [];
          const crawlOn = async (): Promise<void> => {
            for (let round = 0; working.size > 0; round++) {
              crawls.push(...(await crawlEach(nodes[round % nodes.length]!, pageSizes)));
            }
          };
          await Promise.all([...clients.map(runClient), crawlOn()]);
          const events = await readLog(opened.catalog);
          for (const { kind, order, revision, items } of crawls) {
            const model = new ListModel(events.slice(0, revision), CONTENTS);
            const expected = expectedItems(kind, model.entries()[kind], { selector: {}, order, limit: 0 });
            assert.deepEqual(items, expected, `${kind} by ${order.by} at ${revision}`);
          }
        }),
        { numRuns: runs(RUNS), endOnFailure: true },
      );
    });
  });
}

/** A crawl of each list in each order that stays as it is, all at the same time. */
function crawlEach(catalog: Catalog, pageSizes: readonly number[]): Promise<Crawl[]> {
  const kinds = Object.keys(ORDERS) as ListKind[];
  const lists = kinds.flatMap((kind) =>
    ORDERS[kind].flatMap((by) => [false, true].map((descending) => ({ kind, order: { by, descending } }))),
  );
  return Promise.all(lists.map((list) => crawl(catalog, list, pageSizes)));
}

async function crawl(
  catalog: Catalog,
  { kind, order }: { kind: ListKind; order: Order },
  pageSizes: readonly number[],
): Promise<Crawl> {
  const sizeOf = (page: number): number => pageSizes[page % pageSizes.length]!;
  await setImmediate();
  let page = await catalog.list(kind, { selector: {}, order, limit: sizeOf(0) });
  const { revision } = page;
  const items: Items[ListKind][] = [...page.items];
  for (let n = 1; page.next !== undefined; n++) {
    await setImmediate();
    const limit = sizeOf(n);
    page = await catalog.list(kind, { selector: {}, order, limit, after: page.next, at: revision });
    assert.equal(page.revision, revision);
    items.push(...page.items);
  }
  return { kind, order, revision, items };
}
