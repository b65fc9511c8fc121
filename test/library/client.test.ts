import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Supercargo, SupercargoError, type Change, type Entry } from "../../src/library/client.ts";
import type { Facts } from "../../src/catalog/catalog.ts";
import { anyListCommand, carryOutListed } from "../contract/catalog/list-samples.ts";
import { basic, TestAccess } from "../support/access.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { runs } from "../support/runs.ts";

const RUNS = 6;
const BEAT_MS = 20;

let pushed = 0;
function push({ host }: TestRegistry, reference: string): Promise<unknown> {
  return pushManifest(host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("lists", () => {
  test("come one item after the other, whatever the pages", async () => {
    await using registry = await TestRegistry.open();
    for (const name of ["a/x", "a/y", "b"])
      for (const tag of ["v1", "v2"]) await push(registry, `${name}:${tag}`);
    const client = new Supercargo(`http://${registry.host}/`);
    const names = async (options: Parameters<typeof client.tags>[0]): Promise<string[]> =>
      (await all(client.tags(options))).map(({ repository, name }) => `${repository}:${name}`);
    assert.deepEqual(await names({ n: 1, under: "a", orderBy: "name", order: "desc" }), [
      "a/y:v2",
      "a/y:v1",
      "a/x:v2",
      "a/x:v1",
    ]);
    assert.deepEqual(
      (await all(client.repositories({ name: "a/*" }))).map(({ name }) => name),
      ["a/x", "a/y"],
    );
    assert.deepEqual(
      (await all(client.namespaces())).map(({ path }) => path),
      ["a", "b"],
    );
    assert.equal((await all(client.manifests({ tagged: true, n: 2 }))).length, 6);
  });

  test("say what is wrong by the code of the registry, and that there is none", async () => {
    await using registry = await TestRegistry.open();
    const client = new Supercargo(`http://${registry.host}`);
    const refused = (error: unknown): boolean =>
      error instanceof SupercargoError && error.code === "PARAMETER_INVALID" && error.status === 400;
    await assert.rejects(all(client.tags({ color: "red" })), refused);
    await assert.rejects(all(new Supercargo("http://127.0.0.1:1").tags()), { code: "UNREACHABLE" });
  });

  test("are asked for by password or by token", async () => {
    const access = await TestAccess.open({ rules: [{ allow: ["admin"], to: ["ann"], on: ["**"] }] }, ["ann"]);
    await using registry = await TestRegistry.open({ access });
    const url = `http://${registry.host}`;
    await assert.rejects(all(new Supercargo(url).tags()), { code: "UNAUTHORIZED" });
    assert.deepEqual(
      await all(new Supercargo(url, { username: "ann", password: "ann-password" }).tags()),
      [],
    );
    await assert.rejects(all(new Supercargo(url, { username: "äöü☃", password: "wrong ☃" }).tags()), {
      code: "UNAUTHORIZED",
    });
    const token = async (): Promise<string> => {
      const answer = await fetch(`${url}/v2/_supercargo/token`, { headers: basic("ann") });
      return ((await answer.json()) as { token: string }).token;
    };
    assert.deepEqual(await all(new Supercargo(url, { token }).tags()), []);
  });
});

describe("a watch", () => {
  test("tells what there is, then what happens, and goes on where it was", async () => {
    await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
    await push(registry, "a:v1");
    const client = new Supercargo(`http://${registry.host}`);
    const seen: string[] = [];
    let cursor = "";
    for await (const told of client.watch({ types: ["tag.set"] })) {
      if (told.type === "reset") continue;
      if (told.type === "bookmark") {
        const isFirst = cursor === "";
        ({ cursor } = told);
        if (isFirst) await push(registry, "a:v2");
        if (seen.length === 2) break;
      } else seen.push(`${told.repository}:${told.tag} ${told.snapshot}`);
    }
    assert.deepEqual(seen, ["a:v1 true", "a:v2 false"]);
    await push(registry, "a:v3");
    for await (const told of client.watch({ after: cursor, types: ["tag.set"] })) {
      assert.equal("tag" in told && told.tag, "v3");
      break;
    }
  });

  test("ends by its signal, and at a place that is no more", async () => {
    await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
    const client = new Supercargo(`http://${registry.host}`);
    const controller = new AbortController();
    for await (const told of client.watch({ signal: controller.signal }))
      if (told.type === "bookmark") controller.abort();
    await push(registry, "a:v1");
    await registry.catalog.compact(new Date(Date.now() + 1_000));
    // What is still in memory would be told all the same.
    await registry.restart();
    const again = new Supercargo(`http://${registry.host}`);
    await assert.rejects(all(again.watch({ after: 0 })), { code: "REVISION_EXPIRED", status: 410 });
  });
});

/** The keys and digests of a copy, and of what the registry had. */
function stateOf(entries: ReadonlyMap<string, Entry>): object {
  return Object.fromEntries(Array.from(entries, ([key, { digest = "" }]) => [key, digest]));
}

function stateOfFacts({ repositories, manifests, tags }: Facts): object {
  return Object.fromEntries([
    ...repositories.map(({ name }) => [name as string, ""]),
    ...manifests.map(({ repository, digest }) => [`${repository}@${digest}`, digest]),
    ...tags.map(({ repository, name, digest }) => [`${repository}:${name}`, digest]),
  ]) as object;
}

/** What changes say there is by now. */
function applied(told: readonly Change[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const change of told) {
    if (change.change === "synced") continue;
    const before = entries.get(change.key);
    assert.equal(before?.digest, change.change === "added" ? undefined : change.before.digest, change.key);
    if (change.change === "deleted") entries.delete(change.key);
    else entries.set(change.key, change.entry);
  }
  return entries;
}

describe("a mirror", () => {
  test("is the registry at every revision that it has reached, over a line that breaks, and over compactions", async () => {
    const anyCommands = fc.array(anyListCommand, { minLength: 10, maxLength: 25 });
    let [cuts, lists] = [0, 0];
    await fc.assert(
      fc.asyncProperty(anyCommands, fc.gen(), async (commands, choose) => {
        await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
        let isOver = false;
        const bytes = (): number => (isOver ? Infinity : choose(fc.integer, { min: 1, max: 20_000 }));
        await using proxy = await CuttingProxy.open(() => registry.host, bytes);
        const controller = new AbortController();
        const mirror = new Supercargo(`http://${proxy.host}`).mirror({ signal: controller.signal });
        const told: Change[] = [];
        const write = async (): Promise<void> => {
          for (const [n, command] of commands.entries()) {
            await carryOutListed(registry.catalog, command, n);
            if (n === Math.floor(commands.length / 2))
              await registry.catalog.compact(new Date(Date.now() + 1_000));
          }
          isOver = true;
        };
        const watch = async (): Promise<void> => {
          for await (const change of mirror.changes()) {
            told.push(change);
            if (change.change !== "synced") continue;
            const { revision, oldest } = await registry.catalog.bounds();
            if (change.revision >= oldest) {
              assert.deepEqual(
                stateOf(mirror.entries),
                stateOfFacts(await registry.catalog.facts(change.revision)),
              );
            }
            if (isOver && change.revision === revision) controller.abort();
          }
        };
        await Promise.all([write(), watch()]);
        assert.deepEqual(stateOf(applied(told)), stateOf(mirror.entries));
        cuts += proxy.cuts;
        lists++;
      }),
      { numRuns: runs(RUNS), endOnFailure: true },
    );
    assert.ok(cuts > 0, `${lists} registries were mirrored over a line that never broke`);
  });

  test("lists again when the log no longer reaches back to it, and says what is different", async () => {
    await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
    for (const tag of ["v1", "v2"]) await push(registry, `a:${tag}`);
    let host = registry.host;
    await using proxy = await CuttingProxy.open(
      () => host,
      () => Infinity,
    );
    const controller = new AbortController();
    const mirror = new Supercargo(`http://${proxy.host}`).mirror({
      signal: controller.signal,
      types: ["tag.set", "tag.deleted"],
    });
    const told: string[] = [];
    let rounds = 0;
    for await (const change of mirror.changes()) {
      if (change.change !== "synced") told.push(`${change.change} ${change.key}`);
      else if (rounds++ === 0) {
        await registry.restart();
        ({ host } = registry);
        await push(registry, "a:v2");
        await push(registry, "a:v3");
        await registry.catalog.write("a" as never, { actor: "x", requestId: "y" }, (tx) =>
          tx.deleteTag("v1" as never),
        );
        await registry.catalog.compact(new Date(Date.now() + 1_000));
      } else if (told.length > 2) controller.abort();
    }
    assert.deepEqual(told, ["added a:v1", "added a:v2", "deleted a:v1", "updated a:v2", "added a:v3"]);
  });

  test("is of what is selected by name, or by what manifests are; what could not be exact is refused", async () => {
    await using registry = await TestRegistry.open({ beatMs: BEAT_MS });
    const client = new Supercargo(`http://${registry.host}`);
    const types = ["manifest.pushed", "manifest.deleted"];
    for (const [options, parameter] of [
      [{ artifactType: "application/vnd.note" }, "artifactType"],
      [{ digest: "sha256:ab" }, "digest"],
      [{ mediaType: "a/b", types: ["tag.set", "tag.deleted", ...types] }, "mediaType"],
      [{ types: ["tag.set"] }, "types"],
      [{ types: [...types, "repository.deleted"] }, "types"],
    ] as const) {
      assert.throws(() => client.mirror(options), { code: "PARAMETER_INVALID", detail: { parameter } });
    }
    const notes = ["one", "other"].map((n) =>
      manifestOf({ artifactType: "application/vnd.note", annotations: { n } }),
    );
    for (const [n, note] of notes.entries()) await pushManifest(registry.host, `a:n${n}`, note);
    await push(registry, "a:v1");
    const controller = new AbortController();
    const { signal } = controller;
    const mirror = client.mirror({ artifactType: "application/vnd.note", types, signal });
    for await (const { change } of mirror.changes()) {
      const { size } = mirror.entries;
      if (change === "synced" && size === 2)
        await send(registry.host, `DELETE /v2/a/manifests/${notes[0]?.digest}`);
      if (change === "deleted" && size === 1) controller.abort();
    }
    assert.deepEqual([...mirror.entries.keys()], [`a@${notes[1]?.digest}`]);
  });
});
