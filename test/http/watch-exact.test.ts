import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Event, Facts } from "../../src/catalog/catalog.ts";
import { RegistryError } from "../../src/errors.ts";
import { anyListCommand, carryOutListed } from "../contract/catalog/list-samples.ts";
import { readLog } from "../contract/catalog/reading.ts";
import { TestRegistry } from "../support/registry.ts";
import { isBookmark, Stream, type Streamed } from "../support/stream.ts";
import { runs } from "../support/runs.ts";

/** Random histories tried, and what writers do in each. */
const RUNS = 8;
const WRITERS = 3;
/** A connection is cut off after so many events at the most. */
const EVENTS_UNCUT_MAX = 12;

/** Selectors, and the events that they mean. */
const SELECTIONS: readonly (readonly [string, (event: Event) => boolean])[] = [
  ["", () => true],
  ["under=a", ({ repository }) => repository === "a" || repository.startsWith("a/")],
  ["name=a*b", ({ repository }) => /^a.*b$/.test(repository)],
  ["tag=1.*", ({ tag }) => tag?.startsWith("1.") === true],
  ["type=tag.set,repository.created", ({ type }) => type === "tag.set" || type === "repository.created"],
  ["repository=a&type=tag.deleted", ({ repository, type }) => repository === "a" && type === "tag.deleted"],
  ["artifactType=application/x-chart", ({ manifest }) => manifest?.artifactType === "application/x-chart"],
];

/** A copy of a registry, made of nothing but events. */
class Copy {
  readonly repositories = new Set<string>();
  readonly manifests = new Set<string>();
  readonly tags = new Map<string, string>();

  /** Takes an event, which has to fit what there is: nothing is made twice, and it says what was there before. */
  apply({ type, data, snapshot }: Streamed): void {
    const { name, repository, digest, previousDigest } = data as Record<string, string>;
    const key = `${repository} ${name ?? digest}`;
    const about = `${type} ${key}`;
    if (type.endsWith("repository.created")) assert.ok(!this.repositories.has(name!), about);
    else if (type.endsWith("repository.deleted")) assert.ok(this.repositories.has(name!), about);
    else if (type.endsWith("manifest.pushed")) assert.ok(!this.manifests.has(key), about);
    else if (type.endsWith("manifest.deleted")) assert.ok(this.manifests.has(key), about);
    else if (type.endsWith("tag.deleted")) assert.equal(this.tags.get(key), digest, about);
    else if (!snapshot) assert.equal(this.tags.get(key), previousDigest, about);
    if (type.endsWith("repository.created")) this.repositories.add(name!);
    else if (type.endsWith("repository.deleted")) this.repositories.delete(name!);
    else if (type.endsWith("manifest.pushed")) this.manifests.add(key);
    else if (type.endsWith("manifest.deleted")) this.manifests.delete(key);
    else if (type.endsWith("tag.set")) this.tags.set(key, digest!);
    else if (type.endsWith("tag.deleted")) this.tags.delete(key);
  }

  get state(): object {
    return {
      repositories: [...this.repositories].toSorted(),
      manifests: [...this.manifests].toSorted(),
      tags: [...this.tags].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    };
  }
}

function stateOf({ repositories, manifests, tags }: Facts): object {
  return {
    repositories: repositories.map(({ name }) => name as string).toSorted(),
    manifests: manifests.map(({ repository, digest }) => `${repository} ${digest}`).toSorted(),
    tags: tags
      .map(({ repository, name, digest }) => [`${repository} ${name}`, digest as string] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
}

/** A client that keeps a copy: lists, then watches, comes back when it is cut off, and lists again when it has to. */
class Client {
  #copy = new Copy();
  #cursor: string | undefined;
  /** Revisions at which the copy was held against the registry, and how often it began anew. */
  readonly held: number[] = [];
  begun = 0;

  /** Watches until it is cut off after so many events, or has seen a revision. */
  async watch(
    registry: TestRegistry,
    { cutAfter, goal }: { cutAfter: number; goal: () => number },
  ): Promise<void> {
    const place = this.#cursor === undefined ? "snapshot=true" : `after=${this.#cursor}`;
    using stream = await Stream.open(registry.host, `/v2/_supercargo/events?${place}`);
    if (stream.status === 410) {
      this.#cursor = undefined;
      return;
    }
    assert.equal(stream.status, 200);
    if (this.#cursor === undefined) {
      this.begun++;
      this.#copy = new Copy();
    }
    for (let seen = 0; seen < cutAfter || this.#cursor === undefined; seen++) {
      const event = await stream.next();
      // Ended by the server: what was begun without a place to come back to is begun anew.
      if (!event || event.type.endsWith("failure")) return;
      if (!isBookmark(event)) this.#copy.apply(event);
      if (event.cursor === undefined) continue;
      this.#cursor = event.cursor;
      await this.#hold(registry, Number(event.cursor.split("-")[0]));
      if (this.held.at(-1)! >= goal()) return;
    }
  }

  /** The copy is what the registry was at this revision, as far as the registry still knows that. */
  async #hold(registry: TestRegistry, revision: number): Promise<void> {
    assert.ok(revision >= (this.held.at(-1) ?? 0), `revision ${revision} came after ${this.held.at(-1)}`);
    try {
      assert.deepEqual(this.#copy.state, stateOf(await registry.catalog.facts(revision)), `at ${revision}`);
    } catch (error) {
      if (!(error instanceof RegistryError && error.code === "REVISION_EXPIRED")) throw error;
    }
    this.held.push(revision);
  }
}

describe("whoever lists and watches", () => {
  test("is told what their selector means, in the order of the log, each once", async () => {
    const anyCommands = fc.array(anyListCommand, { minLength: 10, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(anyCommands, fc.constantFrom(...SELECTIONS), async (commands, [query, isMeant]) => {
        await using registry = await TestRegistry.open({ beatMs: 20 });
        using stream = await Stream.open(registry.host, `/v2/_supercargo/events?after=0&${query}`);
        for (const [n, command] of commands.entries()) await carryOutListed(registry.catalog, command, n);
        const log = await readLog(registry.catalog);
        const told: number[] = [];
        for (let at = 0; at < log.length;) {
          const event = await stream.next();
          at = Number(event?.cursor?.split("-")[0]);
          if (event && !isBookmark(event)) told.push(at);
        }
        assert.deepEqual(
          told,
          log.filter(isMeant).map(({ revision }) => revision),
          query,
        );
      }),
      { numRuns: runs(RUNS * 2), endOnFailure: true },
    );
  });

  test("holds at every moment exactly what the registry was then, however often they are cut off", async () => {
    const anyCommands = fc.array(anyListCommand, { minLength: 5, maxLength: 15 });
    const anyWriters = fc.array(anyCommands, { minLength: WRITERS, maxLength: WRITERS });
    await fc.assert(
      fc.asyncProperty(anyWriters, fc.gen(), async (writers, choose) => {
        await using registry = await TestRegistry.open({ beatMs: 20 });
        const client = new Client();
        let working = writers.length;
        const write = async (commands: (typeof writers)[number], writer: number): Promise<void> => {
          for (const [n, command] of commands.entries())
            await carryOutListed(registry.catalog, command, writer * 100 + n);
          working--;
        };
        const watch = async (): Promise<void> => {
          for (;;) {
            const isOver = working === 0;
            const { revision } = await registry.catalog.bounds();
            const cutAfter = choose(fc.integer, { min: 1, max: EVENTS_UNCUT_MAX });
            await client.watch(registry, { cutAfter, goal: () => (isOver ? revision : Infinity) });
            if (isOver && client.held.at(-1) === revision) return;
            if (choose(fc.integer, { min: 0, max: 9 }) === 0)
              await registry.catalog.compact(new Date(Date.now() + 1_000));
          }
        };
        await Promise.all([...writers.map(write), watch()]);
        assert.ok(client.begun > 0);
      }),
      { numRuns: runs(RUNS), endOnFailure: true },
    );
  });

  test("goes on where they were when the server is started again", async () => {
    const anyCommands = fc.array(anyListCommand, { minLength: 3, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(anyCommands, anyCommands, async (before, after) => {
        await using registry = await TestRegistry.open({ beatMs: 20 });
        const client = new Client();
        for (const [part, commands] of [before, after].entries()) {
          for (const [n, command] of commands.entries())
            await carryOutListed(registry.catalog, command, part * 100 + n);
          const { revision } = await registry.catalog.bounds();
          while (client.held.at(-1) !== revision) {
            await client.watch(registry, { cutAfter: EVENTS_UNCUT_MAX, goal: () => revision });
          }
          await registry.restart();
        }
        assert.equal(client.begun, 1);
      }),
      { numRuns: runs(RUNS), endOnFailure: true },
    );
  });
});
