import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { run } from "./run.ts";

const without = (shell: string): string | false =>
  spawnSync(shell, ["-c", "true"]).error !== undefined && `${shell} is not installed`;

const scripts: Record<string, string> = {};
before(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out, err } = await run(["completion", shell]);
    assert.equal(code, 0, err);
    scripts[shell] = out;
  }
});

/** What a shell prints when it runs its script and then a line. */
function runIn(shell: "bash" | "fish" | "zsh", line: string, args: readonly string[] = []): string {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "supercargo-completion-"));
  const file = path.join(folder.path, "script");
  writeFileSync(file, `${scripts[shell]}\n${line}\n`);
  const { status, stdout, stderr } = spawnSync(shell, [...args, file], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout;
}

const WORDS: readonly (readonly [typed: string, offered: string])[] = [
  ["supercargo na", "namespaces"],
  ["supercargo tags --plat", "--platform"],
  ["supercargo tags --order-by s", "semver size"],
  ["supercargo repos --order-by s", "size"],
  ["supercargo manifests --output ", "json ndjson table"],
  ["supercargo manifests -o ", "json ndjson table"],
  ["supercargo config s", "show"],
  ["supercargo completion ", "bash fish zsh"],
];

test("bash completes commands, options, and what these may be", { skip: without("bash") }, () => {
  for (const [typed, offered] of WORDS) {
    const words = typed.split(" ").map((word) => `"${word}"`);
    const line = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _supercargo; echo "\${COMPREPLY[@]}"`;
    assert.equal(runIn("bash", line).trim().split(" ").toSorted().join(" "), offered, typed);
  }
});

test("fish completes the same", { skip: without("fish") }, () => {
  for (const [typed, offered] of WORDS) {
    const lines = runIn("fish", `complete -C "${typed}"`).trim().split("\n");
    const words = lines.map((line) => line.split("\t")[0] ?? "");
    assert.equal(words.toSorted().join(" "), offered, typed);
  }
});

test("zsh understands its script", { skip: without("zsh") }, () => {
  assert.equal(runIn("zsh", "", ["-f", "-n"]), "");
});

test("a shell that there is no script for is refused with those that there are", async () => {
  const { code, err } = await run(["completion", "tcsh"]);
  assert.equal(code, 2);
  assert.match(err, /bash, zsh, fish/);
});
