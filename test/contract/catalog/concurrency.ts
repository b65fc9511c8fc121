import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Catalog, Event, Revision } from "../../../src/catalog/catalog.ts";
import { anyCommand, carryOut, changesOf, type Change, type Command } from "./commands.ts";
import { openNew, type NewPlace } from "./place.ts";
import { assertUnbroken, follow, readLog } from "./reading.ts";
import { Replay } from "./replay.ts";
import { byDigest, byTag } from "./samples.ts";
import { runs } from "../../support/runs.ts";

/** Random histories tried. Each costs a new database. */
const RUNS = 15;

/** A command, and between which revisions it was carried out. */
type Done = {
  readonly command: Command;
  readonly id: string;
  readonly before: Revision;
  readonly after: Revision;
};

export function describeConcurrency(newPlace: NewPlace): void {
  describe("clients that do anything at the same time", () => {
    test("leave a log and facts, at every revision, that some order of their commands explains", async () => {
      const anyHistory = fc.record({
        clients: fc.array(fc.array(anyCommand, { minLength: 1, maxLength: 10 }), {
          minLength: 2,
          maxLength: 6,
        }),
        limit: fc.integer({ min: 1, max: 20 }),
        cut: fc.double({ min: 0, max: 1, noNaN: true }),
      });
      await fc.assert(
        fc.asyncProperty(anyHistory, async ({ clients, limit, cut }) => {
          await using opened = await openNew(newPlace, { nodes: "all" });
          const { catalog, nodes } = opened;
          const work = Promise.all(
            clients.map((commands, client) =>
              runClient(nodes[client % nodes.length]!, { commands, name: `client ${client}` }),
            ),
          );
          const [done, ...followers] = await Promise.all([
            work,
            ...nodes.map((node) => follow(node, { after: 0, limit, work })),
          ]);
          const events = await readLog(catalog, { limit });
          for (const seen of followers) assertUnbroken(seen, { after: 0, last: events.length });
          const states = Replay.states(events);
          for (const each of done.flat()) assertExplained(each, { events, states });
          await Promise.all(states.map((state) => assertFacts(catalog, state)));
          await assertCompacted(catalog, { events, states, cut });
        }),
        { numRuns: runs(RUNS) },
      );
    });
  });
}

async function runClient(
  catalog: Catalog,
  { commands, name }: { commands: readonly Command[]; name: string },
): Promise<Done[]> {
  const done: Done[] = [];
  for (const [n, command] of commands.entries()) {
    const id = `${name}, command ${n}`;
    const before = (await catalog.bounds()).revision;
    await carryOut(catalog, command, { actor: name, requestId: id });
    done.push({ command, id, before, after: (await catalog.bounds()).revision });
  }
  return done;
}

/** A command's events follow one another, and are what it had to do when the first of them came; or there was nothing to do. */
function assertExplained(
  { command, id, before, after }: Done,
  { events, states }: { events: readonly Event[]; states: readonly Replay[] },
): void {
  const own = events.filter((event) => event.requestId === id);
  const first = own[0]?.revision;
  if (first === undefined) {
    const possible = states.slice(before, after + 1);
    assert.ok(
      possible.some((state) => changesOf(state, command).length === 0),
      `${id} had something to do at any time, and did nothing`,
    );
    return;
  }
  assert.ok(first > before && first + own.length - 1 <= after, `${id} has events outside its time`);
  assertUnbroken(
    own.map((event) => event.revision),
    { after: first - 1, last: first + own.length - 1 },
  );
  const changes = own.map(({ type, tag, digest, previousDigest }): Change => ({
    type,
    tag,
    digest,
    previousDigest,
  }));
  const expected = changesOf(states[first - 1]!, command);
  assert.deepEqual(
    changes,
    expected.map(({ type, tag, digest, previousDigest }) => ({ type, tag, digest, previousDigest })),
  );
}

/** All ways to read agree with the facts that the log gives for a revision. */
async function assertFacts(catalog: Catalog, state: Replay): Promise<void> {
  const at = state.revision;
  const facts = state.facts();
  assert.deepEqual(await catalog.facts(at), facts);
  const repositories = facts.repositories.map((repository) => repository.name);
  const withManifests = repositories.filter((name) => state.manifestsOf(name).length > 0);
  const query = { order: { by: "name", descending: false }, limit: 10, at } as const;
  const filled = await catalog.list("repositories", { ...query, selector: { empty: false } });
  assert.deepEqual(
    filled.items.map((item) => item.name),
    withManifests,
  );
  for (const repository of repositories) {
    assert.equal(await catalog.hasRepository(repository, at), true);
    const tags = state.tagsOf(repository);
    const listed = await catalog.list("tags", { ...query, selector: { repository } });
    assert.deepEqual(
      listed.items.map((tag) => [tag.name, tag.digest, tag.created, tag.updated]),
      tags.map((tag) => [tag.name, tag.digest, tag.created.toISOString(), tag.updated.toISOString()]),
    );
    for (const { name, digest } of tags) {
      assert.equal((await catalog.findManifest(repository, byTag(name), at))?.digest, digest);
    }
    for (const { digest } of state.manifestsOf(repository)) {
      assert.ok((await catalog.findManifest(repository, byDigest(digest), at))?.bytes);
    }
  }
}

/** A compaction anywhere changes nothing at the revisions that it keeps. */
async function assertCompacted(
  catalog: Catalog,
  { events, states, cut }: { events: readonly Event[]; states: readonly Replay[]; cut: number },
): Promise<void> {
  const time = events[Math.floor(cut * events.length)]?.time ?? new Date(0);
  const oldest = await catalog.compact(time);
  assert.equal(oldest, events.findLast((event) => event.time < time)?.revision ?? 0);
  await Promise.all(states.slice(oldest).map((state) => assertFacts(catalog, state)));
  assert.deepEqual(await readLog(catalog, { after: oldest }), events.slice(oldest));
}
