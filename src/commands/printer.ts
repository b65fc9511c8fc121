import type { Item, Page } from "../client/registry.ts";
import type { Column } from "./columns.ts";

/** The forms in which lists are printed. */
export const FORMATS = ["table", "json", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

/** How many rows decide how wide the columns of a table are. Those that come later are seldom wider. */
const MEASURED_ROWS = 1000;
const GAP = "  ";

/** Where text goes; resolves when it is gone. */
export type Write = (text: string) => Promise<void>;

/**
 * Prints the items of pages as they come: a table, one JSON document, or a line of JSON for each. The JSON document
 * is not closed unless the list is complete.
 */
export async function printPages(
  pages: AsyncIterable<Page>,
  {
    format,
    columns,
    write,
    isLive = false,
  }: { format: Format; columns: readonly Column[]; write: Write; isLive?: boolean },
): Promise<void> {
  if (format === "table") return printTable(pages, { columns, write, measured: isLive ? 1 : MEASURED_ROWS });
  let revision: number | undefined;
  let separator = "";
  if (format === "json") await write('{"items":[');
  for await (const page of pages) {
    revision ??= page.revision;
    if (page.items.length === 0) continue;
    const lines = page.items.map(asJson);
    if (format === "ndjson") await write(`${lines.join("\n")}\n`);
    else await write(`${separator}\n${lines.join(",\n")}`);
    separator = ",";
  }
  if (format === "json") await write(`\n]${revision === undefined ? "" : `,"revision":${revision}`}}\n`);
}

async function printTable(
  pages: AsyncIterable<Page>,
  { columns, write, measured }: { columns: readonly Column[]; write: Write; measured: number },
): Promise<void> {
  let rows: string[][] = [columns.map(({ title }) => title)];
  let widths: number[] | undefined;
  for await (const { items } of pages) {
    for (const item of items) rows.push(columns.map(({ cell }) => printable(cell(item))));
    if (rows.length < measured && widths === undefined) continue;
    widths ??= widthsOf(rows);
    if (rows.length > 0) await write(laidOut(rows, widths));
    rows = [];
  }
  if (rows.length > 0) await write(laidOut(rows, widths ?? widthsOf(rows)));
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return widths;
}

function laidOut(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** Strangers choose annotations, and some registries names: nothing of theirs may move a terminal's cursor. */
function printable(text: string): string {
  return text.replaceAll(/\s/g, " ").replaceAll(/\p{C}/gu, "?");
}

function asJson(item: Item): string {
  return JSON.stringify(item).replaceAll(/\p{C}/gu, escaped);
}

/** The same in JSON for what a terminal would obey, one escape for each UTF-16 unit. */
function escaped(character: string): string {
  let escapes = "";
  for (let at = 0; at < character.length; at++) {
    escapes += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escapes;
}
