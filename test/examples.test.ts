import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { RegistryProcess } from "./support/registry-process.ts";

/** Where examples believe the registry is: the default of `listen`. */
const DEFAULT_HOST = /\b(?:127\.0\.0\.1|localhost):5000\b/g;
const MAIN = path.join(import.meta.dirname, "../src/main.ts");
/** Printed between two examples. */
const DIVIDER = "\u001e";
const EXAMPLE_MS_MAX = 60_000;
/** What pages call this program. Nobody is logged in anywhere. */
const COMMAND = `export DOCKER_CONFIG=nowhere; supercargo() { "${process.execPath}" "${path.resolve("src/main.ts")}" "$@"; }\n`;

/** A block that is run, and what it is said to print: lines in which `…` stands for any text. */
type Example = { readonly script: string; readonly output: readonly string[] };

/** The blocks of a page that begin with ```` ```sh run ````, each with the ```` output ```` block after it, if any. */
function examplesIn(page: string): Example[] {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```(\w+) (run|output)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, , kind, script = ""], at) => {
    if (kind !== "run") return [];
    const next = blocks[at + 1];
    return [{ script, output: next?.[2] === "output" ? (next[3] ?? "").trimEnd().split("\n") : [] }];
  });
}

function patternOf(line: string): RegExp {
  const parts = line
    .trim()
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join(".*"));
}

const pages = [...globSync("*.md"), ...globSync("docs/**/*.md")].filter(
  (page) => examplesIn(page).length > 0,
);
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

test("the README has an example that is run", () => {
  assert.ok(pages.includes("README.md"));
});

for (const page of pages) {
  test(
    `the examples in ${page} do what it says`,
    { skip: !hasCurl && "there is no curl on this machine" },
    async () => {
      await using registry = await RegistryProcess.start();
      using folder = mkdtempDisposableSync(path.join(tmpdir(), "supercargo-examples-"));
      const examples = examplesIn(page);
      const program = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
      writeFileSync(path.join(folder.path, "supercargo"), program, { mode: 0o700 });
      // One shell for the whole page, as a reader would use: later blocks know what earlier ones have set.
      const script = examples.map((example) => example.script).join(`printf '${DIVIDER}'\n`);
      const printed = execFileSync(
        "bash",
        ["-euo", "pipefail", "-c", COMMAND + script.replaceAll(DEFAULT_HOST, registry.host)],
        {
          cwd: folder.path,
          env: { ...process.env, PATH: `${folder.path}:${process.env["PATH"]}`, DOCKER_CONFIG: "nowhere" },
          encoding: "utf8",
          timeout: EXAMPLE_MS_MAX,
        },
      );
      for (const [at, part] of printed.split(DIVIDER).entries()) {
        for (const line of examples[at]?.output ?? [])
          assert.match(part.replaceAll(registry.host, "127.0.0.1:5000"), patternOf(line));
      }
    },
  );
}
