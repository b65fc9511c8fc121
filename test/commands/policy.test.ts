import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { keepLog } from "../support/run-log.ts";
import { waitFor } from "../support/condition.ts";
import { run } from "./run.ts";

const MAIN = path.join(import.meta.dirname, "../../src/main.ts");

const POLICY = `policy:
  groups: { team: [ann, bob] }
  rules:
    - { allow: [read], to: [anonymous], on: ["library/**"] }
    - { allow: [write], to: ["group:team"], on: ["team/**"] }
    - { allow: [list], to: [authenticated], on: ["**"] }
`;
const OTHER = POLICY.replace("library/**", "public/**");

let folder: string;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "supercargo-policy-"))));
after(() => rm(folder, { recursive: true }));

async function fileWith(text: string, name = "supercargo.yaml"): Promise<string> {
  const file = path.join(await mkdtemp(path.join(folder, "config-")), name);
  await writeFile(file, text);
  return file;
}

test("policy explain says of each action whether it is allowed, and by which rule", async () => {
  const config = ["--config", await fileWith(POLICY)];
  const bob = await run(["policy", "explain", "bob", "team/app", ...config]);
  assert.deepEqual(
    [bob.code, bob.out.trimEnd().split("\n")],
    [
      0,
      [
        "list    allowed  policy.rules[1] (supercargo.yaml, line 5): group:team on team/**",
        "pull    allowed  policy.rules[1] (supercargo.yaml, line 5): group:team on team/**",
        "push    allowed  policy.rules[1] (supercargo.yaml, line 5): group:team on team/**",
        "delete  denied   no rule allows it",
      ],
    ],
    bob.err,
  );
  const nobody = await run(["policy", "explain", "anonymous", "library", ...config, "--output", "json"]);
  const { actions } = JSON.parse(nobody.out) as { actions: unknown[] };
  const rule = {
    path: "policy.rules[0]",
    from: "supercargo.yaml, line 4",
    to: "anonymous",
    on: "library/**",
  };
  assert.deepEqual(actions, [
    { action: "list", allowed: true, rule },
    { action: "pull", allowed: true, rule },
    { action: "push", allowed: false },
    { action: "delete", allowed: false },
  ]);
});

test("policy explain says so when there is no policy, and refuses what can be no repository", async () => {
  const open = await run(["policy", "explain", "ann", "a"]);
  assert.match(open.out, /^delete {2}allowed {2}there is no policy/m);
  const wrong = await run(["policy", "explain", "ann", "A b"]);
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
});

test("without a policy the server listens beyond loopback only when that is meant", async () => {
  const serve = ["serve", "--data", path.join(folder, "refused")];
  for (const listen of ["0.0.0.0:0", "[::]:0", "registry.example:0"]) {
    const { code, err } = await run([...serve, "--listen", listen]);
    assert.equal(code, 2, err);
    assert.match(err, /There is no policy.*--open/);
  }
  for (const args of [["--open"], ["--config", await fileWith(POLICY)]]) {
    await using served = await Served.start(["--listen", "0.0.0.0:0", ...args]);
    assert.equal(await served.status("library/none"), 404);
    assert.equal(served.printed.includes("NOTE: there is no policy"), args[0] === "--open");
  }
});

test("SIGHUP and a change of the file put another policy in force", async () => {
  const file = await fileWith(POLICY);
  await using served = await Served.start(["--config", file]);
  assert.equal(await served.status("library/none"), 404);
  assert.equal(await served.status("public/none"), 401);
  const next = `${file}.next`;
  await writeFile(next, OTHER);
  await rename(next, file);
  await waitFor("the file to be read again", async () => (await served.status("public/none")) === 404);
  assert.equal(await served.status("library/none"), 401);

  served.child.kill("SIGHUP");
  await waitFor("a second reload", () => served.printed.split("policy read again").length > 2);
});

test("a broken policy is refused with the place of the mistake, and so is none; the old one stays", async () => {
  const file = await fileWith(POLICY);
  await using served = await Served.start(["--config", file]);
  await writeFile(file, OTHER.replace("[write]", "[wrote]"));
  served.child.kill("SIGHUP");
  await waitFor("a refusal", () => /policy\.rules\[1\]\.allow\[0\].*line 5/.test(served.printed));
  await writeFile(file, "");
  served.child.kill("SIGHUP");
  await waitFor("another refusal", () => served.printed.includes("has no policy any more"));
  assert.equal(await served.status("library/none"), 404);
  assert.equal(await served.status("public/none"), 401);
  await writeFile(file, OTHER);
  served.child.kill("SIGHUP");
  await waitFor("the good one", async () => (await served.status("public/none")) === 404);
});

/** `supercargo serve` as a process of its own, over a folder of its own. */
class Served implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;
  printed = "";

  private constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, "serve", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk) => {
        this.printed += String(chunk);
        keepLog(String(chunk));
      });
    this.#closed = once(this.child, "close");
  }

  static async start(args: readonly string[]): Promise<Served> {
    const data = ["--data", await mkdtemp(path.join(folder, "data-"))];
    const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
    const served = new Served([...data, ...listen, ...args]);
    await waitFor("the server to start", () => served.printed.includes("Ctrl-C stops it"));
    return served;
  }

  /** What somebody who has not logged in is answered when asking for the tags of a repository. */
  async status(repository: string): Promise<number> {
    const port = /is ready at http:\/\/\S+:(\d+)/.exec(this.printed)?.[1];
    const answer = await fetch(`http://127.0.0.1:${port}/v2/${repository}/tags/list`);
    await answer.arrayBuffer();
    return answer.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.#closed;
  }
}
