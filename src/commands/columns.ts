import type { Item } from "../client/registry.ts";

/** A column of a table. */
export type Column = { readonly title: string; readonly cell: (item: Item) => string };

/** How many hexadecimal digits of a digest are enough for people to tell it from others, and for `--digest`. */
const DIGITS_SHOWN = 12;
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;
/** Fields in bytes, which people read better in larger units. */
const SIZES: readonly string[] = ["size", "imageSize"];
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/;

/** A column that shows a field: times in UTC, digests cut short unless the column is of them and they are to be copied. */
export function fieldColumn(
  field: string,
  { wholeDigests = false }: { wholeDigests?: boolean } = {},
): Column {
  const title = field.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
  return {
    title,
    cell: (item) => {
      const value = item[field];
      if (SIZES.includes(field) && typeof value === "number") return formatBytes(value);
      const text = cellText(value);
      return wholeDigests ? text : shortDigest(text);
    },
  };
}

/** A number of bytes in the largest unit of which there is at least one. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  // What would be rounded up to a thousand is one of the next unit.
  for (; Math.round(amount) >= 1000 && unit < UNITS.length - 1; unit++) amount /= 1000;
  return `${unit === 0 || amount >= 99.95 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** The beginning of a digest; any other text as it is. */
export function shortDigest(text: string): string {
  return /^sha(?:256|512):[0-9a-f]{64,}$/.test(text)
    ? text.slice(0, text.indexOf(":") + 1 + DIGITS_SHOWN)
    : text;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null || value === false) return "";
  if (value === true) return "yes";
  if (typeof value === "string") return value.replace(TIME, "$1 $2Z");
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(cellText).join(",");
  return Object.entries(value)
    .map(([key, inner]) => `${key}=${shortDigest(cellText(inner))}`)
    .join(",");
}
