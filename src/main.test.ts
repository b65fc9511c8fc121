import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Setting } from "./config.ts";

const MAIN = join(import.meta.dirname, "main.ts");

function run(
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

test("--version and --help go to standard output and exit 0", () => {
  assert.match(run(["--version"]).out, /^\d+\.\d+\.\d+\n$/);
  const help = run(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /Commands:[^]*serve[^]*config[^]*Examples:[^]*Exit codes:/);
  assert.match(run(["help", "serve"]).out, /--listen <value>[^]*--catalog <value>[^]*Examples:/);
});

test("a wrong command or option exits 2, and says which was meant", () => {
  for (const [args, meant] of [
    [["serv"], "serve"],
    [["serve", "--lisen", "x"], "--listen"],
    [["config", "show", "--output", "xml"], "yaml"],
  ] as const) {
    const { code, out, err } = run(args);
    assert.equal(code, 2, err);
    assert.equal(out, "");
    assert.ok(err.includes(meant), err);
  }
});

test("config show prints what is in force and where it comes from, without secrets", () => {
  const args = ["config", "show", "--log-level", "debug"];
  const { code, out } = run(args, { SUPERCARGO_CATALOG: "postgres://u:geheim@h/d" });
  assert.equal(code, 0);
  assert.match(out, /^catalog: postgres:\/\/u:«hidden»@h\/d # SUPERCARGO_CATALOG$/m);
  assert.match(out, /^log:\n {2}level: debug # --log-level$/m);
  assert.match(out, /^shutdown:\n {2}grace: 30s # default$/m);
  assert.doesNotMatch(out, /geheim/);
});

test("what config show prints is a configuration file that says the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-main-"));
  const file = join(folder, "printed.yaml");
  const flags = [
    "--listen",
    "[::1]:1",
    "--limits-manifest-bytes",
    "5000000",
    "--cors-origins",
    "*",
    "--data",
    "/a #b",
  ];
  await writeFile(file, run(["config", "show", ...flags]).out);
  const values = (args: readonly string[]): unknown =>
    (JSON.parse(run(["config", "show", "--output", "json", ...args]).out) as Setting[]).map(
      ({ key, value }) => [key, value],
    );
  assert.deepEqual(values(["--config", file]), values(flags));
  await rm(folder, { recursive: true });
});

test("config show gives programs the same as JSON", () => {
  const { out } = run(["config", "show", "--output", "json"], {
    SUPERCARGO_CATALOG: "postgres://u:geheim@h/d",
  });
  const settings = JSON.parse(out) as Setting[];
  assert.deepEqual(
    settings.find(({ key }) => key === "catalog"),
    { key: "catalog", value: "postgres://u:«hidden»@h/d", from: "SUPERCARGO_CATALOG" },
  );
  assert.deepEqual(
    settings.find(({ key }) => key === "url"),
    { key: "url", from: "default" },
  );
});

test("a wrong configuration exits 2 with every problem on a line of its own", () => {
  const { code, out, err } = run(["serve", "--listen", "5000", "--retention", "long"]);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(
    err,
    /^supercargo: The configuration has 2 problems:\n {2}listen is .*\n {2}retention is .*\n$/,
  );
});
