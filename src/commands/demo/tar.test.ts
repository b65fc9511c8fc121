import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { tarOf } from "./tar.ts";

const hasTar = spawnSync("tar", ["--version"]).status === 0;

test(
  "the system's tar unpacks an archive to the same files, programs executable, whatever their size",
  { skip: !hasTar && "there is no tar on this machine" },
  () => {
    const files = {
      "bin/sh": Buffer.alloc(513, 7),
      "etc/deep/er/empty": "",
      "etc/block": Buffer.alloc(512, 1),
      note: "ä",
    };
    using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-tar-"));
    execFileSync("tar", ["-x", "-C", folder.path], { input: tarOf(files) });
    for (const [path, content] of Object.entries(files)) {
      assert.deepEqual(readFileSync(join(folder.path, path)), Buffer.from(content), path);
    }
    assert.equal(statSync(join(folder.path, "bin/sh")).mode & 0o111, 0o111);
    assert.equal(statSync(join(folder.path, "note")).mode & 0o111, 0);
  },
);

test("a path that a header cannot hold is refused, not cut", () => {
  assert.throws(() => tarOf({ [`etc/${"x".repeat(100)}`]: "" }), /too long/);
});
