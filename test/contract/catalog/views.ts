import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { viewOf } from "../../../src/access/view.ts";
import { permits, readPolicy, type Policy } from "../../../src/access/policy.ts";
import type { Catalog, Event } from "../../../src/catalog/catalog.ts";
import type {
  Items,
  ListKind,
  ListQuery,
  NamespaceItem,
  Order,
  Position,
  RepositoryItem,
} from "../../../src/catalog/items.ts";
import type { Reach } from "../../../src/catalog/list-reading.ts";
import type { Selector } from "../../../src/catalog/selector.ts";
import type { View } from "../../../src/oci/view.ts";
import type { RepositoryName } from "../../../src/oci/name.ts";
import { fakeClock } from "./clock.ts";
import { ListModel } from "./list-model.ts";
import { anyListCommand, BEGINNING, carryOutListed, CONTENTS, ORDERS, SELECTORS } from "./list-samples.ts";
import { expectedItems } from "./list-selection.ts";
import { endOfWrite, isOfWrites } from "./lists.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { runs } from "../../support/runs.ts";

/** Random histories tried. Each costs a new database. */
const RUNS = 8;

const KINDS = Object.keys(ORDERS) as ListKind[];
const EVERYBODY = { groups: [] };

/** Patterns that cut the sample's names in every way: between a name and what is below it, and within a segment. */
const PATTERNS = [
  "a",
  "a/b",
  "a/**",
  "a/b/**",
  "a-b",
  "a*",
  "a*/**",
  "*",
  "*/b",
  "**/b",
  "a/*",
  "b/**",
  "b/*/d",
  "none",
  "a.b",
  "a/*/c",
  "a0/**",
  "**/c/**",
  "*b",
];

/** Each list as it is, and by each of its filters: all of them are asked for of every history. */
const QUESTIONS = KINDS.flatMap((kind) => [{}, ...SELECTORS[kind]].map((selector) => ({ kind, selector })));

const anyPatterns = fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 4 });
const anyLimits = fc.option(
  fc.uniqueArray(fc.constantFrom(...PATTERNS, "**"), { minLength: 1, maxLength: 2 }),
);

/** So near that a few rows are too many to be sorted, and pages end early. */
const NEAR: Reach = {
  rowsTried: 2,
  rowsLookedAtMax: 4,
  rowsLookedUpMax: 3,
  rowsFoundMax: 3,
  recentRevisions: 10,
};

export function describeViews(newPlace: NewPlace): void {
  describe("views", () => {
    test("show what the log says of the repositories in them, and nothing else, whatever is asked", () =>
      assertViews(newPlace));
    test("show the same where pages stop early and little can be sorted", () => assertViews(newPlace, NEAR));
  });
}

async function assertViews(newPlace: NewPlace, reach?: Reach): Promise<void> {
  const anyHistory = fc.array(anyListCommand, { minLength: 20, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.gen(), async (commands, choose) => {
      using clock = fakeClock(BEGINNING);
      await using opened = await openNew(newPlace, { ...(reach && { reach }) });
      for (const [second, command] of commands.entries()) {
        clock.set(BEGINNING + second * 1_000);
        await carryOutListed(opened.catalog, command, second);
      }
      const events = await readLog(opened.catalog);
      for (const question of QUESTIONS) {
        const policy = policyOf(choose(() => anyPatterns));
        const limits = choose(() => anyLimits);
        const caller = { ...EVERYBODY, ...(limits && { grants: grantsOf(limits) }) };
        const view = viewOf(policy, caller, "list");
        const isSeen = (repository: string): boolean =>
          permits(policy, caller, {
            action: "list",
            repository: repository as RepositoryName,
          });
        const asked = { ...question, choose, view, isSeen, reach };
        await assertPages(opened.catalog, events, asked);
      }
    }),
    { numRuns: runs(RUNS), endOnFailure: true },
  );
}

function policyOf(patterns: readonly string[]): Policy {
  const policy = readPolicy({ rules: [{ allow: ["list"], to: ["anonymous"], on: patterns }] });
  assert.ok(!("problems" in policy));
  return policy;
}

function grantsOf(patterns: readonly string[]): NonNullable<Parameters<typeof permits>[1]["grants"]> {
  return policyOf(patterns).rules?.[0]?.on ?? [];
}

type Asked = {
  readonly choose: fc.GeneratorValue;
  readonly kind: ListKind;
  readonly selector: Selector;
  readonly view: View | undefined;
  readonly isSeen: (repository: string) => boolean;
  readonly reach: Reach | undefined;
};

/** A crawl under a view has what the log of the repositories in it says, in order, in pages that are full. */
async function assertPages(catalog: Catalog, events: readonly Event[], asked: Asked): Promise<void> {
  const { choose, kind, selector, view, isSeen, reach } = asked;
  const order = { by: choose(fc.constantFrom, ...ORDERS[kind]), descending: choose(fc.boolean) };
  const any = choose(() => fc.option(fc.integer({ min: 0, max: events.length }), { nil: undefined }));
  const at = isOfWrites(kind, selector) ? endOfWrite(events, any) : any;
  const limit = choose(fc.integer, { min: 1, max: 7 });
  const query: ListQuery = { selector, order, limit, at, view };
  const items: Items[ListKind][] = [];
  let after: Position | undefined;
  do {
    const page = await catalog.list(kind, { ...query, after });
    const isFull = page.items.length === limit || page.next === undefined || reach !== undefined;
    assert.ok(isFull, `a page of ${page.items.length} of ${limit}`);
    items.push(...page.items);
    after = page.next;
    const isNamed = after !== undefined && order.by === "name" && kind !== "namespaces";
    assert.ok(!isNamed || view === undefined || isSeen(String(after?.[0])), `a page ends at ${after?.[0]}`);
  } while (after);
  const until = events.slice(0, at ?? events.length);
  const seen = new ListModel(
    until.filter(({ repository }) => isSeen(repository)),
    CONTENTS,
  );
  const label = JSON.stringify({ kind, selector, order, at, limit, view: view?.key });
  if (kind !== "namespaces" || view === undefined) {
    assert.deepEqual(items, expectedItems(kind, seen.entries()[kind], { selector, order, limit: 0 }), label);
    return;
  }
  const repositories = expectedItems("repositories", seen.entries().repositories, {
    selector: {},
    order: { by: "name", descending: false },
    limit: 0,
  }) as readonly RepositoryItem[];
  assertNamespaces(items as NamespaceItem[], repositories, { under: selector.under ?? "", order, label });
}

/** Namespaces, as far as the repositories in them say what they are: all but the times of those that have lost some. */
function assertNamespaces(
  items: readonly NamespaceItem[],
  repositories: readonly RepositoryItem[],
  { under, order, label }: { under: string; order: Order; label: string },
): void {
  const prefix = under === "" ? "" : `${under}/`;
  const children = new Map<string, { path: string; repository: boolean; repositoryCount: number }>();
  for (const { name } of repositories) {
    if (!name.startsWith(prefix)) continue;
    const path = prefix + name.slice(prefix.length).split("/")[0]!;
    const child = children.get(path) ?? { path, repository: false, repositoryCount: 0 };
    children.set(path, {
      path,
      repository: child.repository || path === name,
      repositoryCount: child.repositoryCount + (path === name ? 0 : 1),
    });
  }
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  const shown = items.map(({ path, repository, repositoryCount }) => ({ path, repository, repositoryCount }));
  assert.deepEqual(shown.toSorted(byPath), [...children.values()].toSorted(byPath), label);
  const column = { name: "path", created: "created", updated: "updated" }[order.by as string] as
    | "path"
    | "created";
  const values = items.map((item) => item[column].valueOf());
  const ascending = values.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
  assert.deepEqual(values, order.descending ? ascending.toReversed() : ascending, label);
}
