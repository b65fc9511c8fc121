import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { z } from "zod";
import type { GoProgram } from "../support/go-program.ts";

/** The official suite of the distribution specification, pinned: a newer one is a decision, not a surprise. */
export const SUITE: GoProgram = {
  name: "conformance",
  package: "github.com/opencontainers/distribution-spec/conformance",
  version: "v0.0.0-20260831232431-97274622c111",
  go: [1, 24],
};

/** What one run found. It conforms when `failures` is empty. */
export type Verdict = {
  /** Results by status (`Pass`, `Skip`, `Disabled`, …), as the suite prints them. */
  readonly counts: ReadonlyMap<string, number>;
  /** Sentences, each with what fell short. */
  readonly failures: readonly string[];
  /** What the suite complained about while it ran, a line for each test that failed. */
  readonly complaints: string;
};

const RESULTS = z.object({
  config: z.object({ version: z.string() }),
  apis: z.record(z.string(), z.string()),
  data: z.record(z.string(), z.string()),
});

/** Where the suite runs, against which version, and as whom. */
export type SuiteOptions = {
  readonly host: string;
  readonly version: string;
  readonly results: string;
  /** What a registry need not do where one has to log in, and how many results of it are skipped. */
  readonly spared?: { readonly name: string; readonly results: number } | undefined;
  readonly login?: { readonly name: string; readonly password: string } | undefined;
};

/** Runs the suite in `folder` (as built) on a registry over plain HTTP, against a version of the specification. */
export async function runSuite(folder: string, options: SuiteOptions): Promise<Verdict> {
  const { results } = options;
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  const child = spawn(join(folder, SUITE.name), [], {
    cwd: results,
    env: { ...environment(), ...settings(options) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [[exit], stdout, stderr] = await Promise.all([
    once(child, "exit"),
    text(child.stdout),
    text(child.stderr),
  ]);
  const counts = readCounts(stdout);
  const failures = [
    ...(exit === 0 ? [] : [`the suite ended with exit code ${exit}`]),
    ...countFailures(counts, options),
    ...(await readResults(join(results, "results.yaml"), options)),
  ];
  return { counts, failures, complaints: stderr };
}

/** Nothing that is set for another registry on this machine may reach the suite. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OCI_")));
}

function settings(options: SuiteOptions): Record<string, string> {
  return {
    OCI_REGISTRY: options.host,
    OCI_TLS: "disabled",
    OCI_VERSION: options.version,
    OCI_RESULTS_DIR: options.results,
    OCI_DATA_SPARSE: "true",
    ...(options.login && { OCI_USERNAME: options.login.name, OCI_PASSWORD: options.login.password }),
  };
}

/** The suite exits with 0 when its own configuration is wrong, but then it writes no results. */
async function readResults(file: string, { version, spared }: SuiteOptions): Promise<string[]> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch {
    return ["the suite wrote no results.yaml"];
  }
  const results = RESULTS.parse(parse(content));
  const statuses = [...Object.entries(results.apis), ...Object.entries(results.data)];
  const failures = statuses.filter(
    ([name, status]) =>
      status !== "Pass" && status !== "Disabled" && !(status === "Skip" && name === spared?.name),
  );
  if (statuses.length === 0) failures.push(["results.yaml", "empty"]);
  if (!results.config.version.startsWith(version)) failures.push(["OCI_VERSION", results.config.version]);
  return failures.map(([name, status]) => `${name}: ${status}`);
}

/** A skipped result counts too: the suite skips where a registry says "unsupported", and this one supports all of it. */
function countFailures(counts: ReadonlyMap<string, number>, { spared }: SuiteOptions): string[] {
  const count = (status: string): number => counts.get(status) ?? 0;
  const most = (status: string): number => (status === "Skip" ? (spared?.results ?? 0) : 0);
  const bad = ["FAIL", "Error", "Skip"].filter((status) => count(status) > most(status));
  const failures = bad.map((status) => `the suite counted ${count(status)} ${status}`);
  return count("Pass") > 0 ? failures : [...failures, "the suite counted no result that passed"];
}

function readCounts(stdout: string): Map<string, number> {
  const lines = stdout.matchAll(/^ {2}(Pass|Skip|Disabled|FAIL|Error|Total)\.+: +(\d+)$/gm);
  return new Map(Array.from(lines, ([, status = "", count]) => [status, Number(count)]));
}
