import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { permits, readPolicy, type PolicyValues } from "../../src/access/policy.ts";
import { ACTIONS } from "../../src/access/action.ts";
import { ROUTES } from "../../src/http/routes.ts";
import type { Revision } from "../../src/catalog/catalog.ts";
import type { RepositoryName } from "../../src/oci/name.ts";
import type { Command } from "../contract/catalog/commands.ts";
import {
  anyListCommand,
  carryOutListed,
  CONTENTS,
  REPOSITORIES,
  TAGS,
} from "../contract/catalog/list-samples.ts";
import { basic, comparable, TestAccess } from "../support/access.ts";
import { blobOf, pushBlob, startUpload } from "../support/artifact.ts";
import { send, type Received, type Sent } from "../support/exchange.ts";
import { ONE, QUESTIONS } from "../support/questions.ts";
import { TestRegistry } from "../support/registry.ts";

/** Pairs of registries tried, and requests made of each pair. */
const RUNS = 8;
const REQUESTS = 300;
/** Pages followed of a list. */
const PAGES_MAX = 30;

const OPEN: PolicyValues = { rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] };
const PATTERNS = ["a", "a/**", "a/*", "a*", "a*/**", "*", "*/b", "**/b", "b/**", "a-b", "none/**", "a.b"];
const layer = blobOf("a layer");
const hiddenLayer = blobOf("a layer that is nowhere but in what is hidden");

/** A registry, and where it was when so many of the steps that count were done. */
type Filled = {
  readonly registry: TestRegistry;
  readonly moments: readonly { readonly revision: Revision; readonly time: string }[];
  readonly uploads: ReadonlyMap<string, string>;
};

describe("non-interference", () => {
  test("every route has a place in this test", () => {
    assert.deepEqual(
      Object.keys(QUESTIONS).toSorted(),
      ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
  });

  test("what a caller may not see changes nothing of any answer, save revisions and dates", async () => {
    const anyPatterns = fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 2 });
    const anyRules = fc.record({
      everybody: anyPatterns,
      list: anyPatterns,
      pull: anyPatterns,
      push: anyPatterns,
    });
    const anyCommands = fc.array(anyListCommand, { minLength: 20, maxLength: 40 });
    const anyBoth = fc.tuple(anyCommands, anyCommands);
    await fc.assert(
      fc.asyncProperty(anyRules, anyBoth, fc.gen(), async (rules, [commands, others], choose) => {
        const isSeen = sightOf(rules);
        const seen = commands.filter(({ repository }) => isSeen(repository));
        await using stack = new AsyncDisposableStack();
        const pair: Filled[] = [];
        // One has things hidden among what is seen, the other has other things, or none.
        for (const hidden of [commands, others]) {
          const unseen = hidden.filter(({ repository }) => !isSeen(repository));
          const opened = await fill(rules, seen, { commands: unseen, hasBlobs: pair.length === 0 });
          stack.use(opened.registry);
          pair.push(opened);
        }
        for (let n = 0; n < REQUESTS; n++) await assertAlike(pair, choose, seen.length);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});

type Rules = {
  readonly everybody: string[];
  readonly list: string[];
  readonly pull: string[];
  readonly push: string[];
};

/** What everybody and the reader may do; somebody else may do all. */
function policyOf({ everybody, list, pull, push }: Rules): PolicyValues {
  return {
    rules: [
      { allow: ["read"], to: ["anonymous"], on: everybody },
      { allow: ["list"], to: ["reader"], on: list },
      { allow: ["pull"], to: ["reader"], on: pull },
      { allow: ["push"], to: ["reader"], on: push },
      { allow: ["admin"], to: ["root"], on: ["**"] },
    ],
  };
}

/** True of repositories in which the reader may do anything. */
function sightOf(rules: Rules): (repository: RepositoryName) => boolean {
  const policy = readPolicy(policyOf(rules));
  assert.ok(!("problems" in policy));
  const caller = { user: "reader", groups: [] };
  return (repository) => ACTIONS.some((action) => permits(policy, caller, { action, repository }));
}

/** A registry in which the hidden is done in between what is seen. */
async function fill(
  rules: Rules,
  seen: readonly Command[],
  hidden: { readonly commands: readonly Command[]; readonly hasBlobs: boolean },
): Promise<Filled> {
  const access = await TestAccess.open(OPEN, ["reader", "root"]);
  const registry = await TestRegistry.open({ access });
  const moments: { revision: Revision; time: string }[] = [];
  const uploads = new Map<string, string>();
  const waiting = [...hidden.commands];
  const isSeen = sightOf(rules);
  for (const [n, command] of seen.entries()) {
    await carryOutListed(registry.catalog, command, n);
    const { revision } = await registry.catalog.bounds();
    moments.push({ revision, time: (await nextMillisecond()).toISOString() });
    await nextMillisecond();
    for (const other of waiting.splice(0, 2)) await carryOutListed(registry.catalog, other, 1_000 + n);
  }
  for (const [n, other] of waiting.entries()) await carryOutListed(registry.catalog, other, 2_000 + n);
  for (const repository of REPOSITORIES) {
    // Of what is hidden it is there in one registry and not in the other.
    if (!isSeen(repository) && !hidden.hasBlobs) continue;
    await pushBlob(registry.host, repository, layer);
    if (!isSeen(repository)) await pushBlob(registry.host, repository, hiddenLayer);
    uploads.set(repository, (await startUpload(registry.host, repository)).split("/").at(-1) ?? "");
  }
  access.reload(policyOf(rules));
  return { registry, moments, uploads };
}

/** Waits for the clock to go on, so that a time is before or after a write and never that of one. */
async function nextMillisecond(): Promise<Date> {
  const start = Date.now();
  while (Date.now() === start) await setImmediate();
  return new Date();
}

/** Makes a request of both registries, and follows what both link to. */
async function assertAlike(pair: readonly Filled[], choose: fc.GeneratorValue, steps: number): Promise<void> {
  const { method, path } = choose(fc.constantFrom, ...ROUTES);
  const query = choose(fc.constantFrom, ...(QUESTIONS[`${method} ${path}`] ?? ONE));
  const name = choose(fc.constantFrom, ...REPOSITORIES, "b", "none");
  const other = choose(fc.constantFrom, ...REPOSITORIES);
  const tag = choose(fc.constantFrom, ...TAGS);
  const content = choose(fc.constantFrom, ...CONTENTS);
  const step = choose(fc.integer, { min: 0, max: Math.max(steps - 1, 0) });
  const isReader = choose(fc.boolean);
  const verb = method === "GET" && choose(fc.integer, { min: 0, max: 9 }) === 0 ? "HEAD" : method;
  const lineFor = ({ moments, uploads }: Filled): string => {
    const values: Readonly<Record<string, string>> = {
      "<name>": name,
      "<tag>": tag,
      "<reference>": step % 2 === 0 ? tag : content.digest,
      "<digest>": path.includes("/blobs/") ? layer.digest : content.digest,
      "<id>": uploads.get(name) ?? "00000000-0000-4000-8000-000000000000",
      "{name}": other,
      "{layer}": layer.digest,
      "{hidden}": hiddenLayer.digest,
      "{digest}": content.digest,
      "{revision}": String(moments[step]?.revision ?? 0),
      "{time}": moments[step]?.time ?? "2020-01-01T00:00:00Z",
    };
    return `${verb} ${(path + query).replaceAll(/<\w+>|\{\w+\}/g, (one: string) => values[one] ?? one)}`;
  };
  const headers = { ...(isReader && basic("reader")), "Content-Type": content.mediaType };
  const sent: Sent = method === "PUT" || method === "PATCH" ? { headers, body: content.bytes } : { headers };
  let lines = pair.map(lineFor);
  // Whoever may see all has just been shown the same in one of them.
  const [first] = pair;
  if (method === "GET" && first && choose(fc.boolean)) {
    await send(first.registry.host, lines[0] ?? "", { headers: basic("root") });
  }
  for (let page = 0; page < PAGES_MAX; page++) {
    const answers: Received[] = [];
    for (const [n, { registry }] of pair.entries())
      answers.push(await send(registry.host, lines[n] ?? "", sent));
    const [one, another] = answers.map(comparable);
    assert.equal(
      one,
      another,
      `${lines.join(" | ")} for ${isReader ? "the reader" : "nobody"}, page ${page}`,
    );
    const links = answers.map(({ headers: { link } }) => /<([^>]+)>/.exec(String(link ?? ""))?.[1]);
    if (links.some((link) => link === undefined)) return;
    lines = links.map((link) => `${verb} ${link}`);
  }
}
