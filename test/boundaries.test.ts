import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

/** What stores promise, in types alone: those who are handed a store's values may name their types. */
const PROMISES = [
  "catalog/catalog.ts",
  "catalog/items.ts",
  "catalog/hits.ts",
  "catalog/selector.ts",
  "catalog/webhooks.ts",
  "blobs/blobs.ts",
];

/**
 * Who may import whom, by paths below `src/`. A row is a folder, or a file where a file has more rights than its folder
 * or lives in none; it may import itself and what it lists. Whatever has no row has no place.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["commands", "server.ts", "errors.ts"],
  commands: [
    "client",
    "library",
    "access",
    "server.ts",
    "data.ts",
    "file-changes.ts",
    "registry/check",
    "config.ts",
    "oci",
    "errors.ts",
  ],
  "server.ts": [
    "data.ts",
    "file-changes.ts",
    "config.ts",
    "http",
    "webhooks",
    "registry",
    "access",
    "catalog",
    "blobs",
    "oci",
    "errors.ts",
  ],
  "data.ts": ["config.ts", "access", "catalog", "blobs", "errors.ts"],
  http: ["file-changes.ts", "webhooks", "registry", ...PROMISES, "access", "oci", "errors.ts"],
  webhooks: ["registry", ...PROMISES, "oci", "errors.ts"],
  registry: [...PROMISES, "oci", "errors.ts"],
  access: ["catalog/catalog.ts", "oci", "errors.ts"],
  "catalog/accounts.ts": ["access/accounts.ts", "catalog"],
  "catalog/keys.ts": ["access/keys.ts", "catalog"],
  catalog: ["oci", "errors.ts"],
  blobs: ["oci", "errors.ts"],
  client: ["oci", "errors.ts"],
  // It goes to others by itself, and may take nothing along.
  library: [],
  "config.ts": ["config", "oci", "errors.ts"],
  config: ["access/action.ts", "access/policy.ts", "webhooks/definition.ts", "oci", "errors.ts"],
  oci: ["errors.ts"],
  "errors.ts": [],
  "file-changes.ts": [],
};

/** Packages and Node modules that one place keeps to itself, so that another can take their part there and nowhere else. */
const KEPT_TO: Readonly<Record<string, readonly string[]>> = {
  "better-sqlite3": [
    "catalog/sqlite.ts",
    "catalog/sqlite-connection.ts",
    "catalog/sqlite-checkpoint-thread.ts",
    "catalog/bulk-sqlite.ts",
  ],
  pg: ["catalog/postgres.ts", "catalog/postgres-hints.ts", "catalog/postgres-limits.ts"],
  bcrypt: ["access/htpasswd.ts"],
  commander: ["main.ts", "commands"],
  yaml: ["config", "commands"],
  "node:http": ["server.ts", "http", "client", "webhooks/http-sink.ts"],
  "node:https": ["http/listener.ts", "webhooks/http-sink.ts"],
  "@nats-io": ["webhooks/jetstream-sink.ts"],
  "ipaddr.js": ["access/network.ts", "webhooks/reachable.ts"],
  "rate-limiter-flexible": ["http/rate-limits.ts"],
  "node:fs": [
    "main.ts",
    "server.ts",
    "config",
    "commands",
    "catalog/sqlite.ts",
    "catalog/bulk-sqlite.ts",
    "catalog/sqlite-accounts.ts",
    "blobs",
    "http/certificate.ts",
    "file-changes.ts",
    "access/key-file.ts",
    "access/foreign-tokens.ts",
    "access/htpasswd.ts",
  ],
};

const IMPORT =
  /^(?:import|export)\s[\w\s{},*$]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

const sources = globSync("src/**/*.ts")
  .map((file) => file.split(path.sep).slice(1).join("/"))
  .filter((file) => !file.endsWith(".test.ts"))
  .toSorted();

/** Files that are in the repository or about to be. */
const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\0")
  .filter((file) => file !== "" && globSync(file).length > 0);

const covers = (row: string, file: string): boolean => row === file || file.startsWith(`${row}/`);

function homeOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((row) => covers(row, file))
    .toSorted((a, b) => b.length - a.length)[0];
}

function importsOf(file: string): string[] {
  const matches = readFileSync(`src/${file}`, "utf8").matchAll(IMPORT);
  return [...matches].map(([, named, bare, called]) => named ?? bare ?? called ?? "");
}

function violationsIn(file: string): string[] {
  const home = homeOf(file);
  if (home === undefined) return [`src/${file} has no row in the table`];
  const allowed = [home, ...(MAY_IMPORT[home] ?? [])];
  return importsOf(file)
    .filter((specifier) => {
      if (specifier.startsWith(".")) {
        const target = path.posix.join(path.posix.dirname(file), specifier);
        return !allowed.some((row) => covers(row, target));
      }
      const keeper = Object.entries(KEPT_TO).find(([name]) => covers(name, specifier))?.[1];
      return keeper !== undefined && !keeper.some((row) => covers(row, file));
    })
    .map((specifier) => `src/${file} imports ${specifier}`);
}

test("imports point down the table, and every source has a row in it", () => {
  assert.ok(sources.length > 0, "found no sources: run the tests from the repository's root");
  assert.ok(
    sources.some((file) => importsOf(file).length > 0),
    "found no import in any source",
  );
  assert.deepEqual(sources.flatMap(violationsIn), []);
});

test("a promise is types alone, so that naming it brings nothing along", () => {
  for (const file of PROMISES) {
    assert.doesNotMatch(
      readFileSync(`src/${file}`, "utf8"),
      /^(?:export (?!type |interface )|import (?!type ))/m,
      file,
    );
  }
});

test("the vocabulary in oci/ does no input or output", () => {
  const outside = sources
    .filter((file) => covers("oci", file))
    .flatMap((file) =>
      importsOf(file).filter((specifier) => !specifier.startsWith(".") && specifier !== "node:crypto"),
    );
  assert.deepEqual(outside, []);
});

test("a file is named after a noun or an operation", () => {
  const vague =
    /(?:^|[/-])(?:utils?|helpers?|commons?|managers?|services?)(?:\.test)?\.ts$|(?:^|\/)index\.ts$/;
  assert.deepEqual(
    tracked.filter((file) => vague.test(file)),
    [],
  );
});

test("no source passes on everything another exports", () => {
  assert.deepEqual(
    sources.filter((file) => /^export \*/m.test(readFileSync(`src/${file}`, "utf8"))),
    [],
  );
});

test("nothing in the repository names a folder of somebody's machine or the host of a package registry", () => {
  const revealing = [
    /(?<![\w.:~*-])\/(?:work|root|home|Users)\/[\w.]/,
    /\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|proxy\.golang\.org|pypi\.org|crates\.io|deb\.debian\.org)\b/,
  ];
  const found = tracked.flatMap((file) => {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.flatMap((line, at) =>
      revealing.some((form) => form.test(line)) ? [`${file}:${at + 1}: ${line}`] : [],
    );
  });
  assert.ok(tracked.length > 0, "found no files in the repository");
  assert.deepEqual(found, []);
});
