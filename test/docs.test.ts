import assert from "node:assert/strict";
import { globSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { EXIT_CODES } from "../src/commands/exit-codes.ts";
import { loadConfig } from "../src/config.ts";
import { ERROR_CODES, type ErrorCode } from "../src/errors.ts";
import { STATUS } from "../src/http/answer.ts";
import { ROUTES } from "../src/http/routes.ts";

const pages = [...globSync("*.md"), ...globSync("docs/**/*.md")].toSorted();
const read = (page: string): string => readFileSync(page, "utf8");

/** The rows of the two tables in docs/errors.md, as code and number. */
const [overHttp, atCommandLine] = read("docs/errors.md")
  .split("## At the command line")
  .map((part) =>
    [...part.matchAll(/^\| `([A-Z_]+)` +\| (\d+) /gm)].map(
      ([, code = "", number]) => [code, Number(number)] as const,
    ),
  );

test("docs/errors.md explains every code, each once", () => {
  const explained = [...(overHttp ?? []), ...(atCommandLine ?? [])].map(([code]) => code);
  assert.deepEqual(new Set<string>(explained), new Set<string>(ERROR_CODES));
  assert.equal(explained.length, ERROR_CODES.length, "a code is explained twice");
});

test("docs/errors.md gives the codes of HTTP the status that the server answers", () => {
  const unreachable = (atCommandLine ?? []).map(([code]) => [code, 500]);
  assert.deepEqual(Object.fromEntries([...(overHttp ?? []), ...unreachable]), STATUS);
});

test("docs/errors.md gives the codes of the command line the number that the process exits with", () => {
  const exits = (atCommandLine ?? []).map(([code, exit]) => ({ code, exit }));
  assert.ok(exits.length > 0, "found no row");
  assert.deepEqual(
    exits,
    exits.map(({ code }) => ({ code, exit: EXIT_CODES[code as ErrorCode] })),
  );
});

test("docs/errors.md explains every number that the process exits with", () => {
  const explained = [...read("docs/errors.md").matchAll(/^\| (\d) +\|/gm)].map(([, exit]) => Number(exit));
  assert.deepEqual(new Set(explained), new Set([0, ...Object.values(EXIT_CODES)]));
});

test("docs/api.md lists every route that is served, and no other", () => {
  const listed = [...read("docs/api.md").matchAll(/^\| `([A-Z]+ \/[^`]*)` +\|/gm)].map(([, route]) => route);
  assert.deepEqual(new Set(listed), new Set(ROUTES.map((route) => `${route.method} ${route.path}`)));
});

test("the configuration file in the README is accepted as it stands", async () => {
  const [, yaml = ""] = /^```yaml\n(.*?)^```$/ms.exec(read("README.md")) ?? [];
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "supercargo-docs-"));
  const file = path.join(folder.path, "supercargo.yaml");
  writeFileSync(file, yaml);
  const { settings } = await loadConfig({ flags: { config: file }, env: {} });
  assert.ok(
    settings.some((setting) => setting.from.startsWith("supercargo.yaml")),
    "nothing was read from it",
  );
});

test("a link from one page to a file of the repository leads somewhere", () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => ({ page, target })),
  );
  const local = links.filter(({ target }) => !/^[a-z]+:/.test(target));
  assert.ok(local.length > 0, "found no link");
  const dead = local.filter(
    ({ page, target }) => globSync(path.join(path.dirname(page), target)).length === 0,
  );
  assert.deepEqual(dead, []);
});
