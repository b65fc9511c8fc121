import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeMachine } from "./result.ts";

/** One figure, and what it may be. */
export type Row = {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** What it may be at the most, or at the least where more is better; absent where there is none. */
  readonly budget?: number;
  readonly isAtLeast?: true;
};

/** The value below which a share of them is. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type Report = {
  /** What the files are called. */
  readonly name: string;
  readonly title: string;
  /** One sentence on what was measured where. */
  readonly about: string;
  readonly isKept: boolean;
};

/** Prints figures as a table, and keeps it in bench/results/ if told to. */
export async function report(rows: readonly Row[], { name, title, about, isKept }: Report): Promise<void> {
  const table = ["| what | figure | budget | held |", "|---|---|---|---|", ...rows.map(lineOf), ""].join(
    "\n",
  );
  process.stdout.write(table);
  if (!isKept) return;
  const date = `${new Date().toISOString().slice(0, 16)}Z`;
  const machine = describeMachine();
  const path = join(import.meta.dirname, "results", `${date.replaceAll(":", "")}-${name}`);
  const facts = Object.entries(machine).map(([key, value]) => `${key}: ${value}`);
  await writeFile(`${path}.md`, `# ${title}, ${date}\n\n${facts.join(" · ")}\n\n${about}\n\n${table}`);
  await writeFile(`${path}.json`, `${JSON.stringify({ date, machine, rows }, undefined, 2)}\n`);
}

function lineOf({ what, figure, unit, budget, isAtLeast }: Row): string {
  const said = `${figure.toFixed(2)} ${unit}`;
  if (budget === undefined) return `| ${what} | ${said} | | |`;
  const isHeld = isAtLeast ? figure >= budget : figure <= budget;
  return `| ${what} | ${said} | ${isAtLeast ? "≥" : "≤"} ${budget} ${unit} | ${isHeld ? "yes" : "**no**"} |`;
}
