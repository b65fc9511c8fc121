import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { Budget } from "./row.ts";

/** The figures of several rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** What a row gave. `ratio` is ours over theirs, round by round, where the budget is one. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly budget: Budget;
  readonly ours: Spread;
  readonly theirs: Spread;
  readonly ratio: Spread;
  readonly held: boolean;
  /** Share of the rounds that began while others were at work on the machine. */
  readonly disturbed: number;
}

const RESULTS = join(import.meta.dirname, "results");

/**
 * What the push rows compare. The peer's part was seen in its system calls (`strace -f -y -e trace=fsync`): 41 fsyncs for
 * one small push, each of a file, none of a folder, so that a power cut can take a name that it had acknowledged.
 */
export const DURABILITY =
  "Both fsync before they acknowledge: ours files, folders and catalog; docker-registry files only, never the folder of a new name.";

/** Median and extremes of at least one figure. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), values };
}

/** Whether the median keeps the budget. */
export function isHeld(budget: Budget, ours: Spread, ratio: Spread): boolean {
  return "ratio" in budget ? ratio.median >= budget.ratio : ours.median <= budget.atMost;
}

/** What the figures were taken on, as far as it explains them; nothing that names the machine. */
export function describeMachine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fileSystem: outputOf("stat", "-f", "-c", "%T", tmpdir()),
    commit: outputOf("git", "rev-parse", "--short", "HEAD"),
    peer: peerVersion(),
  };
}

/** What there is no comparison with is not needed on the machine. */
function peerVersion(): string {
  try {
    return outputOf("docker-registry", "--version");
  } catch {
    return "none";
  }
}

function outputOf(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
}

/** The outcomes as a Markdown table. */
export function formatTable(outcomes: readonly Outcome[]): string {
  const lines = [
    "| what | ours | docker-registry | ratio | budget | held | disturbed |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const { title, unit, ours, theirs, ratio, budget, held, disturbed } of outcomes) {
    const limit = "ratio" in budget ? `ratio ≥ ${budget.ratio}` : `≤ ${budget.atMost} ${unit}`;
    const cells = [
      title,
      `${show(ours)} ${unit}`,
      `${show(theirs)} ${unit}`,
      show(ratio),
      limit,
      held ? "yes" : "**no**",
      `${Math.round(disturbed * 100)} %`,
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** `median (min–max)`, with as many digits as mean something. */
function show({ median, min, max }: Spread): string {
  const digits = (value: number): string => value.toFixed(Math.abs(median) < 20 ? 2 : 0);
  return `${digits(median)} (${digits(min)}–${digits(max)})`;
}

/** Keeps a run as `bench/results/<date>.json` and `.md`; gives the path without its ending. */
export async function keepResult(outcomes: readonly Outcome[]): Promise<string> {
  const date = `${new Date().toISOString().slice(0, 16)}Z`;
  const machine = describeMachine();
  const path = join(RESULTS, date.replaceAll(":", ""));
  const facts = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  const text = `# Bench of ${date}\n\n${facts.join(" · ")}\n\nMedian (lowest–highest) of the rounds; ratio: ours over theirs, round by round. Disturbed: rounds that began while other programs were at work on the machine. ${DURABILITY}\n\n`;
  await mkdir(RESULTS, { recursive: true });
  await writeFile(`${path}.json`, `${JSON.stringify({ date, machine, outcomes }, null, 2)}\n`);
  await writeFile(`${path}.md`, text + formatTable(outcomes));
  return path;
}
