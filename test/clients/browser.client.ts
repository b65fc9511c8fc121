import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { TestRegistry } from "../support/registry.ts";
import { describeClient } from "./client.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A page that lists and then watches with the library, and tells its server what it was told. */
function pageFor(host: string): string {
  return `<!doctype html><title>A page</title><script type="module">
    import { Supercargo } from "./client.js";
    const tell = (body) => fetch("./told", { method: "POST", body: JSON.stringify(body) });
    try {
      const client = new Supercargo("http://${host}");
      const tags = [];
      for await (const { repository, name } of client.tags({ n: 1 })) tags.push(repository + ":" + name);
      await tell({ tags });
      for await (const event of client.watch({ types: ["tag.set"] })) {
        if (event.type === "tag.set") await tell({ tag: event.tag, snapshot: event.snapshot });
        if (event.type === "bookmark") await tell({ bookmark: true });
      }
    } catch (error) {
      await tell({ error: String(error) });
    }
  </script>`;
}

describeClient(["chromium"], () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "supercargo-browser-"));
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    execFileSync(tsc, ["-p", "tsconfig.client.json", "--outDir", join(folder, "client")], { cwd: ROOT });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("a web page lists and watches with supercargo/client, from an origin that the registry lets in", async () => {
    const told: Record<string, unknown>[] = [];
    const waiting = new Set<() => void>();
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => waiting.add(resolve));
      assert.equal(told.find(({ error }) => error !== undefined)?.["error"], undefined);
    };
    let page = "";
    const server = createServer((request, response) => {
      void (async () => {
        if (request.method === "POST") {
          told.push(JSON.parse(await text(request)) as Record<string, unknown>);
          for (const wake of waiting) wake();
        } else if (request.url === "/") {
          response.setHeader("Content-Type", "text/html").write(page);
        } else {
          const file = join(folder, "client", (request.url ?? "").replaceAll("..", ""));
          const script = await readFile(file).catch(() => undefined);
          if (!script) response.statusCode = 404;
          response.setHeader("Content-Type", "text/javascript").write(script ?? "");
        }
        response.end();
      })();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using registry = await TestRegistry.open({ corsOrigins: [origin], beatMs: 50 });
    for (const tag of ["v1", "v2"]) await pushManifest(registry.host, `a/b:${tag}`, manifestOf({}));
    page = pageFor(registry.host);
    const profile = `--user-data-dir=${join(folder, "profile")}`;
    const quiet = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
    ];
    const browser = spawn("chromium", [...quiet, profile, origin], { stdio: "ignore" });
    try {
      await until(() => told.some(({ bookmark, error }) => bookmark !== undefined || error !== undefined));
      await pushManifest(registry.host, "a/b:v3", manifestOf({}));
      await until(() => told.some(({ tag, error }) => tag === "v3" || error !== undefined));
    } finally {
      browser.kill("SIGKILL");
      await once(browser, "exit");
      server.closeAllConnections();
      server.close();
    }
    const [listed, ...events] = told.filter(({ bookmark }) => bookmark === undefined);
    assert.deepEqual(listed, { tags: ["a/b:v1", "a/b:v2"] });
    assert.deepEqual(
      events.map(({ tag, snapshot }) => [tag, snapshot]),
      [
        ["v1", true],
        ["v2", true],
        ["v3", false],
      ],
    );
  });
});
