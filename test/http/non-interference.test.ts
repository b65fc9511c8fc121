import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { decodeJwt } from "jose";
import { permits, readPolicy, type PolicyValues } from "../../src/access/policy.ts";
import { ACTIONS } from "../../src/access/action.ts";
import { TOKEN_PATH } from "../../src/http/challenge.ts";
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
import { anyAsker, anyTokenForm, headersOf, ROBOT } from "../support/askers.ts";
import { basic, comparable, TestAccess } from "../support/access.ts";
import { blobOf, pushBlob, startUpload } from "../support/artifact.ts";
import { send, type Received, type Sent } from "../support/exchange.ts";
import { ONE, QUESTIONS } from "../support/questions.ts";
import { TestRegistry } from "../support/registry.ts";
import { isBookmark, Stream } from "../support/stream.ts";
import { runs } from "../support/runs.ts";

/** Pairs of registries tried, and requests made of each pair. */
const RUNS = 8;
const REQUESTS = 300;
/** How long a stream is quiet until it says that all has been told, in milliseconds. */
const BEAT_MS = 20;
/** Pages followed of a list. */
const PAGES_MAX = 30;

const OPEN: PolicyValues = { rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] };
const PATTERNS = ["a", "a/**", "a/*", "a*", "a*/**", "*", "*/b", "**/b", "b/**", "a-b", "none/**", "a.b"];
const RANGES = [
  undefined,
  undefined,
  undefined,
  undefined,
  "bytes=0-3",
  "bytes=2-",
  "bytes=-2",
  "bytes=999-",
  "bytes=0-1,3-4",
  "bytes=x",
];
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
      { numRuns: runs(RUNS), endOnFailure: true },
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
  const access = await TestAccess.open(OPEN, ["reader", "root", ROBOT]);
  const registry = await TestRegistry.open({ access, beatMs: BEAT_MS });
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
  const asker = choose(anyAsker);
  const range = choose(fc.constantFrom, ...RANGES);
  const verb = method === "GET" && choose(fc.integer, { min: 0, max: 9 }) === 0 ? "HEAD" : method;
  const filled = ({ moments, uploads }: Filled, text: string): string => {
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
    return text.replaceAll(/<\w+>|\{\w+\}/g, (one: string) => values[one] ?? one);
  };
  const form = path === TOKEN_PATH && method === "POST" ? choose(anyTokenForm) : undefined;
  const isStream = path.endsWith("/events") && choose(fc.boolean);
  const sentTo = async (one: Filled): Promise<Sent> => {
    const headers = {
      ...(await headersOf(asker, one.registry.host, (text) => filled(one, text))),
      "Content-Type": content.mediaType,
      ...(range !== undefined && { Range: range }),
    };
    if (form !== undefined) return { headers, body: filled(one, form) };
    return method === "PUT" || method === "PATCH" ? { headers, body: content.bytes } : { headers };
  };
  const asked: Asked[] = [];
  for (const one of pair) {
    asked.push({
      registry: one.registry,
      line: `${verb} ${filled(one, path + query)}`,
      sent: await sentTo(one),
    });
  }
  // Whoever may see all has just been shown the same in one of them.
  const [first] = asked;
  if (method === "GET" && first && !isStream && !query.includes("snapshot") && choose(fc.boolean)) {
    await send(first.registry.host, first.line, { headers: basic("root") });
  }
  const about = `${asked.map(({ line }) => line).join(" | ")} for ${JSON.stringify(asker)}`;
  if (isStream) return assertSame(await Promise.all(asked.map(streamed)), about);
  await assertPagesAlike(asked, { about, isAskedAgain: !query.includes("wait=") && choose(fc.boolean) });
}

/** One request, of one of the two. */
type Asked = { readonly registry: TestRegistry; readonly line: string; readonly sent: Sent };

/** Asks both, and follows what both link to. `isAskedAgain` asks once more for what has not changed. */
async function assertPagesAlike(
  first: readonly Asked[],
  { about, isAskedAgain }: { readonly about: string; readonly isAskedAgain: boolean },
): Promise<void> {
  let asked = first;
  for (let page = 0; page < PAGES_MAX; page++) {
    const minute = minuteNow();
    const answers = await Promise.all(asked.map(answerTo));
    assertSame(answers, `${about}, page ${page}`);
    if (isAskedAgain) {
      const again = asked.map((one, n) => ifNoneMatch(one, answers[n]?.headers.etag ?? "*"));
      const answersAgain = await Promise.all(again.map(answerTo));
      // What a list has changed by is also the minute.
      if (minuteNow() === minute) assertSame(answersAgain, `${about}, page ${page}, if it has changed`);
    }
    const links = answers.map(({ headers: { link } }) => /<([^>]+)>/.exec(String(link ?? ""))?.[1]);
    if (links.some((link) => link === undefined)) return;
    asked = asked.map((one, n) => ({ ...one, line: one.line.replace(/ .*/, ` ${links[n]}`) }));
  }
}

function minuteNow(): number {
  return Math.floor(Date.now() / 60_000);
}

function assertSame(answers: readonly Received[], about: string): void {
  const [one, another] = answers.map(comparable);
  assert.equal(one, another, about);
  const [claims, others] = answers.map(claimsIn);
  assert.deepEqual(claims, others, about);
}

/** What a token that was got says, to others too, of what its bearer may do. */
function claimsIn({ status, bytes }: Received): object | undefined {
  if (status !== 200 || bytes.indexOf('{"token":') !== 0) return undefined;
  const { access, scope, sub, within } = decodeJwt((JSON.parse(bytes.toString()) as { token: string }).token);
  return { access, scope, sub, within };
}

function ifNoneMatch({ sent, ...one }: Asked, etag: string): Asked {
  return { ...one, sent: { ...sent, headers: { ...sent.headers, "If-None-Match": etag } } };
}

/** A page of what has no end is what it tells until it has told all. */
function answerTo(one: Asked): Promise<Received> {
  const isEndless = one.line.startsWith("GET ") && one.line.includes("snapshot=true");
  return isEndless ? streamed(one) : send(one.registry.host, one.line, one.sent);
}

/** What a stream tells until it is where the log is. */
async function streamed({ registry, line, sent }: Asked): Promise<Received> {
  const headers = sent.headers as Readonly<Record<string, string>>;
  const { revision } = await registry.catalog.bounds();
  using stream = await Stream.open(registry.host, line.replace(/^\w+ /, ""), { headers });
  const { status, answer } = stream;
  const { headers: answered, rawHeaders } = answer;
  if (status !== 200) return { status, headers: answered, rawHeaders, bytes: await buffer(answer) };
  const events = await stream.until(
    (event) => isBookmark(event) && Number(event.data["revision"]) >= revision,
  );
  const told = events.filter((event) => !isBookmark(event));
  return { status, headers: answered, rawHeaders, bytes: Buffer.from(JSON.stringify(told)) };
}
