import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { keepLog, keepSecret } from "./support/run-log.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const STEP_MS_MAX = 60_000;
const missing = ["curl", "openssl"].find((tool) => spawnSync(tool, ["version"]).error !== undefined);

/** The steps of the page, each with the lines that it is said to print. */
function steps(): { readonly script: string; readonly output: readonly string[] }[] {
  const page = readFileSync("docs/access.md", "utf8");
  const blocks = page.matchAll(/^```sh step\n(.*?)^```\n\n```text output\n(.*?)^```$/gms);
  return [...blocks].map(([, script = "", output = ""]) => ({
    script,
    output: output.trimEnd().split("\n"),
  }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test(
  "the steps of docs/access.md do what it says",
  { skip: missing !== undefined && `there is no ${missing}` },
  async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-access-"));
    const all = steps();
    keepSecret("correct horse");
    assert.equal(all.length, 3);
    for (const { script, output } of all) {
      const port = await freePort();
      // What a step has started ends with it, and all that it prints but the log of the server is looked at.
      const prelude = `
      supercargo() { if [ "$1" = serve ]; then exec "${process.execPath}" "${MAIN}" "$@" >>server.log 2>&1; fi; "${process.execPath}" "${MAIN}" "$@"; }
      trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n`;
      const printed = execFileSync(
        "bash",
        ["-euo", "pipefail", "-c", prelude + script.replaceAll(":5000", `:${port}`)],
        {
          cwd: folder.path,
          encoding: "utf8",
          timeout: STEP_MS_MAX,
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      const log = readFileSync(join(folder.path, "server.log"), "utf8");
      assert.match(log, /"listening"/);
      keepLog(log);
      let at = 0;
      for (const line of output) {
        const found = printed.indexOf(line, at);
        assert.ok(found >= at, `${line} is not in, or not in its turn:\n${printed}`);
        at = found + line.length;
      }
    }
  },
);
