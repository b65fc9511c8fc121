import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { TestRegistry } from "../support/registry.ts";
import { itemsOf, run } from "./run.ts";

const MAIN = path.join(import.meta.dirname, "../../src/main.ts");
const registry = await TestRegistry.open({ beatMs: 50 });
after(() => registry[Symbol.asyncDispose]());

let pushed = 0;
function push(reference: string): Promise<unknown> {
  return pushManifest(registry.host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
}

/** A command that goes on, and what it prints line by line. */
class Following implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, DOCKER_CONFIG: "nowhere" },
    });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    assert.ok(!done, "the command has ended");
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }
}

describe("events --follow", () => {
  test("lists what came since a place, and goes on with what happens", async () => {
    await push("team/app:v1");
    await using following = new Following(
      "events",
      `${registry.host}/team/app`,
      "--after",
      "0",
      "--type",
      "tag.set",
      "--follow",
      "--output",
      "ndjson",
    );
    const subjectOf = (line: string): string => (JSON.parse(line) as { subject: string }).subject;
    assert.equal(subjectOf(await following.next()), "team/app:v1");
    await push("team/other:v1");
    await push("team/app:v2");
    assert.equal(subjectOf(await following.next()), "team/app:v2");
  });

  test("prints a table as it comes", async () => {
    await using following = new Following("events", registry.host, "--since", "1h", "--follow");
    assert.match(await following.next(), /^REVISION +TIME +EVENT/);
    assert.match(await following.next(), /repository\.created +team\/app/);
  });
});

describe("events", () => {
  test("of one repository and of some types are all that the registry is asked for, and sends", async () => {
    for (const reference of ["typed/app:v1", "typed/app:v2", "typed/other:v1"]) await push(reference);
    const args = ["events", `${registry.host}/typed/app`, "--type", "tag.set", "--output", "ndjson"];
    const { out } = await run(args);
    assert.deepEqual(
      itemsOf(out).map(({ subject }) => subject),
      ["typed/app:v1", "typed/app:v2"],
    );
    {
      await using following = new Following(...args, "--after", "0", "--follow");
      for (const tag of ["v1", "v2"]) assert.match(await following.next(), new RegExp(`typed/app:${tag}`));
      await push("typed/other:v2");
      await push("typed/app:v3");
      assert.match(await following.next(), /typed\/app:v3/);
    }
    // A page says how long it is.
    const isStream = ({ path: asked }: { readonly path: string }): boolean =>
      asked.includes("repository=typed%2Fapp") && asked.includes("type=tag.set") && !asked.includes("n=");
    assert.ok(await waitFor("the end of the stream", () => registry.entries.find(isStream)));
    const wrong = await run(["events", registry.host, "--type", "tag.moved"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /tag\.moved.*must be some of/);
  });
});

describe("mirror", () => {
  test("prints all that is there and the revision, once if that is all", async () => {
    const { code, out } = await run(["mirror", `${registry.host}/team/app`, "--once", "--output", "ndjson"]);
    assert.equal(code, 0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { change: string; key: string });
    assert.equal(lines.at(-1)?.change, "synced");
    const keys = lines.slice(0, -1).map(({ change, key }) => `${change} ${key.replace(/@.*/, "@")}`);
    assert.deepEqual(
      new Set(keys),
      new Set(["added team/app", "added team/app@", "added team/app:v1", "added team/app:v2"]),
    );
  });

  test("goes on with what changes", async () => {
    await using following = new Following("mirror", `${registry.host}/fresh`, "--output", "ndjson");
    assert.match(await following.next(), /"change":"synced"/);
    await push("fresh:v1");
    let line = "";
    while (!line.includes("fresh:v1")) line = await following.next();
    assert.match(line, /"change":"added"/);
  });
});
