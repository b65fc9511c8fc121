import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { TestRegistry } from "../support/registry.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** The programs of a page: its blocks that begin with ```` ```js program ````. */
function programsIn(page: string): string[] {
  return [...readFileSync(page, "utf8").matchAll(/^```js program\n(.*?)^```$/gms)].map(
    ([, program = ""]) => program,
  );
}

/** A Node that is not the one of this project: what users have. */
function otherNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"));
  return folders
    .map((folder) => join(folder, "node"))
    .find((path) => spawnSync(path, ["--version"]).status === 0);
}

describe("the package", () => {
  const node = otherNode();

  test(
    "has a client that runs the programs of docs/client.md",
    { skip: node === undefined && "there is no other Node on the PATH" },
    async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-package-"));
      execFileSync("npm", ["pack", "--silent", "--pack-destination", folder.path], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const [tarball = ""] = globSync(join(folder.path, "*.tgz"));
      const installed = join(folder.path, "node_modules/supercargo");
      mkdirSync(installed, { recursive: true });
      execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
      await using registry = await TestRegistry.open();
      for (const [n, tag] of ["v1", "v2"].entries()) {
        await pushManifest(registry.host, `demo/app:${tag}`, manifestOf({ annotations: { n: `${n}` } }));
      }
      const expected = [
        /^\S+Z demo\/app:v2\n\S+Z demo\/app:v1\n$/,
        /^what there is:\ntag\.set demo\/app:v1 sha256:\w+\ntag\.set demo\/app:v2 sha256:\w+\n$/,
        /^(?:added demo\/app\S*\n){5}in step at revision 5, with 2 tags\n$/,
      ];
      const programs = programsIn("docs/client.md");
      assert.equal(programs.length, expected.length);
      for (const [n, program] of programs.entries()) {
        const file = join(folder.path, `program-${n}.mjs`);
        writeFileSync(file, program);
        const child = spawn(node ?? "", [file], {
          env: { REGISTRY: `http://${registry.host}` },
          stdio: ["ignore", "pipe", "inherit"],
        });
        const [out, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
        assert.equal(code, 0, program);
        assert.match(out, expected[n]!);
      }
    },
  );
});
