import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeMachine } from "./result.ts";
import { drawCurves, type Curve } from "./scale-curve.ts";
import type { Size } from "./scale-content.ts";
import type { Figures } from "./scale-pages.ts";

/** What was measured at one size. */
export type Measured = {
  readonly size: Size;
  /** Absent when the catalog was there. */
  readonly fillSeconds: number | undefined;
  /** Resident memory in MiB before the first request. */
  readonly idle: number;
  readonly figures: readonly Figures[];
  /** And after all of them. */
  readonly busy?: number;
  /** Seconds for all names, n=1000, from our list and from `_catalog`. */
  readonly crawl?: { readonly names: number; readonly catalog: number };
  /** Requests a second. */
  readonly cached?: { readonly ours: number; readonly nginx: number; readonly ratio: number };
  /** Milliseconds of a deep page of `_catalog`, ours and docker-registry's. */
  readonly catalogPage?: number;
  readonly dockerPage?: number;
};

const RESULTS = join(import.meta.dirname, "results");
const DRAWING = join(import.meta.dirname, "../docs/scale.svg");

/** Keeps a run as `bench/results/<date>-scale-<catalog>.md` and `.json`, and where SQLite was compared, the drawing of the docs. */
export async function keepScale(
  measured: readonly Measured[],
  catalog: "sqlite" | "postgres",
): Promise<string> {
  const date = `${new Date().toISOString().slice(0, 16)}Z`;
  const machine = describeMachine();
  const path = join(RESULTS, `${date.replaceAll(":", "")}-scale-${catalog}`);
  const facts = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  const text = `# Lists at scale on ${catalog}, ${date}\n\n${facts.join(" · ")}\n\n${HOW}\n`;
  await writeFile(`${path}.json`, `${JSON.stringify({ date, catalog, machine, measured }, undefined, 2)}\n`);
  await writeFile(`${path}.md`, `${text}\n${formatWhole(measured)}\n${formatPages(measured)}`);
  const isCompared = measured.some(({ dockerPage }) => dockerPage !== undefined);
  if (catalog === "sqlite" && isCompared) await writeFile(DRAWING, drawCurves(curvesOf(measured), CURVES));
  return path;
}

const CURVES = {
  title: "Milliseconds of a page of 100 names deep in _catalog, over the number of repositories",
  heading: "A page of 100 names, three quarters down /v2/_catalog",
};

const HOW = `Milliseconds at an HTTP client over one kept connection on loopback, p50 / p99 of 450 pages of 100 items in a row, none of them from
the page cache: at the beginning of the list, half way to the deep place, and there, which is page 10,000 or the list's
end. Filters: at the beginning. In brackets the processor time that a page took of the server, which says more where
others were at work on the machine. All that is when the same pages are asked for the second time; and of three rounds
through all lists the middle one. Behind it stands the median of the very first time, for which a catalog larger than
memory is read from the disk.`;

function formatWhole(measured: readonly Measured[]): string {
  const row = (title: string, cell: (one: Measured) => number | undefined, digits = 0): string =>
    `| ${title} | ${measured.map((one) => cell(one)?.toFixed(digits) ?? "–").join(" | ")} |`;
  return [
    header(measured, "whole registry"),
    row("tags", ({ size }) => size.tags),
    row("filled in, s", ({ fillSeconds }) => fillSeconds),
    row("crawl of all names, n=1000, s", ({ crawl }) => crawl?.names, 2),
    row("the same by _catalog, s", ({ crawl }) => crawl?.catalog, 2),
    row("resident when idle, MiB", ({ idle }) => idle),
    row("resident after all this, MiB", ({ busy }) => busy),
    row("cached page, ours, requests/s", ({ cached }) => cached?.ours),
    row("the same by nginx, requests/s", ({ cached }) => cached?.nginx),
    row("ratio", ({ cached }) => cached?.ratio, 2),
    row("_catalog, three quarters down, ours, ms", ({ catalogPage }) => catalogPage, 2),
    row("the same by docker-registry, ms", ({ dockerPage }) => dockerPage, 1),
    row("ratio", ({ catalogPage, dockerPage }) => catalogPage && dockerPage && dockerPage / catalogPage),
    "",
  ].join("\n");
}

function formatPages(measured: readonly Measured[]): string {
  const rows = new Map<string, string[]>();
  for (const [position, { figures }] of measured.entries()) {
    for (const { id, place, once, p50, p99, cpu } of figures) {
      const cells = rows.get(`${id} | ${place}`) ?? measured.map(() => "–");
      cells[position] = `${p50.toFixed(2)} / ${p99.toFixed(2)} (${cpu.toFixed(2)}), ${once.toFixed(2)}`;
      rows.set(`${id} | ${place}`, cells);
    }
  }
  const lines = Array.from(rows, ([title, cells]) => `| ${title} | ${cells.join(" | ")} |`);
  return `${header(measured, "list | place")}\n${lines.join("\n")}\n`;
}

function header(measured: readonly Measured[], title: string): string {
  const sizes = measured.map(({ size }) => `${size.repositories.toLocaleString("en")} repositories`);
  const columns = [...title.split(" | "), ...sizes];
  return `| ${columns.join(" | ")} |\n|${columns.map(() => "---|").join("")}`;
}

function curvesOf(measured: readonly Measured[]): Curve[] {
  const points = (milliseconds: (one: Measured) => number | undefined): Curve["points"] =>
    measured.flatMap((one) => {
      const y = milliseconds(one);
      return y === undefined ? [] : [{ x: one.size.repositories, y }];
    });
  return [
    { name: "Supercargo", points: points(({ catalogPage }) => catalogPage) },
    { name: "docker-registry", points: points(({ dockerPage }) => dockerPage) },
  ];
}
