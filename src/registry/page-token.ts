import { hash } from "node:crypto";
import type { Revision } from "../catalog/catalog.ts";
import type { OrderBy, Position } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";

/**
 * Where the next page of a crawl begins, as `continue` carries it: eight bytes of checksum, eight that say which query it
 * belongs to, then the revision, the time and the position as JSON. It is not secret: it names nothing that one could not ask for
 * with `at` and `last`. The checksum is against mistakes; a token that somebody made up is read as carefully as any text.
 */
type PageStart = {
  readonly revision: Revision;
  /** What the ages in the query are reckoned from on every page: the time of the first. */
  readonly asOf: Date;
  readonly after: Position;
};

/** Of the checksum and the fingerprint each, in bytes. */
const MARK_BYTES = 8;
/** Longest token that is looked at, in characters. The longest made has two names of 255 bytes. */
const TOKEN_LENGTH_MAX = 1_024;
/** Longest text in a position, in UTF-16 units. */
const TEXT_LENGTH_MAX = 255;
/** The last time that a Date holds, in milliseconds since 1970. */
const TIME_MAX = 8.64e15;
/** Part of every checksum, so that tokens of another format are not taken for this one. */
const FORMAT = "supercargo page token 1";

/** Parameters that may differ from page to page, or do in any case; a token says better than `last` where its page begins. */
const OF_ONE_PAGE = ["n", "last", "continue"];

/**
 * What tells queries apart, as hexadecimal digits: the path and the parameters in any order, but for those that may change
 * from page to page. Empty parameters count as none, as links leave them out.
 */
export function fingerprintOf(path: string, params: Iterable<readonly [string, string]>): string {
  const pairs = [...params].filter(([name, value]) => value !== "" && !OF_ONE_PAGE.includes(name));
  const sorted = pairs.map(([name, value]) => JSON.stringify([name, value])).toSorted();
  return sha256(JSON.stringify([path, sorted])).toString("hex");
}

/** The token of a page, for the query of this fingerprint: letters, digits, `-` and `_`. */
export function formatToken({
  revision,
  asOf,
  after,
  query,
}: PageStart & { readonly query: string }): string {
  const content = Buffer.concat([
    Buffer.from(query, "hex"),
    Buffer.from(JSON.stringify([revision, asOf.getTime(), ...after])),
  ]);
  return Buffer.concat([checksumOf(content), content]).toString("base64url");
}

/**
 * Reads a token that was given for the query of this fingerprint. Of an order, given as `orderBy`, the position has the
 * values it is to have: texts or numbers. Nothing need be at it, and its revision need not be retained or exist.
 * @throws PARAMETER_INVALID which says whether the token was altered or belongs to another query
 */
export function readToken(text: string, fingerprint: string, orderBy?: OrderBy): PageStart {
  const bytes = text.length > TOKEN_LENGTH_MAX ? Buffer.alloc(0) : Buffer.from(text, "base64url");
  const content = bytes.subarray(MARK_BYTES);
  // Decoding forgives letters that do not belong there, so the text is compared as well.
  const isWhole = bytes.subarray(0, MARK_BYTES).equals(checksumOf(content));
  if (!isWhole || bytes.toString("base64url") !== text) throw altered(text);
  if (content.toString("hex", 0, MARK_BYTES) !== fingerprint) throw ofAnotherQuery(text);
  const start = readStart(content.toString("utf8", MARK_BYTES));
  if (start === undefined || !fits(start.after, orderBy)) throw altered(text);
  return start;
}

function readStart(json: string): PageStart | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length < 3 || value.length > 4) return undefined;
  const [revision, time, ...after] = value as unknown[];
  if (
    !isCount(revision) ||
    !isCount(time) ||
    time > TIME_MAX ||
    !after.every((part) => isCount(part) || isName(part))
  )
    return undefined;
  return { revision, asOf: new Date(time), after: after as unknown as Position };
}

/** Databases refuse to compare a number with a text. Times are told apart by revisions alone, names by one or two texts. */
function fits(after: Position, orderBy: OrderBy | undefined): boolean {
  if (orderBy === undefined) return true;
  const isPair = orderBy !== "created" && orderBy !== "updated";
  if (orderBy !== "name" && after.length !== (isPair ? 2 : 1)) return false;
  return after.every((part, at) => {
    const isText = orderBy === "name" || (orderBy === "semver" && at === 0);
    return typeof part === (isText ? "string" : "number");
  });
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Only of printable ASCII, as names, digests and keys of versions are. */
function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_LENGTH_MAX && /^[ -~]*$/.test(value);
}

function checksumOf(content: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from(FORMAT), content]));
}

function sha256(content: string | Uint8Array): Buffer {
  return hash("sha256", content, "buffer").subarray(0, MARK_BYTES);
}

function altered(text: string): RegistryError {
  return invalid(
    `continue is ${shown(text)}, which was altered or cut off; send it exactly as the page before gave it, ` +
      "or begin again without it",
  );
}

function ofAnotherQuery(text: string): RegistryError {
  return invalid(
    `continue is ${shown(text)}, which belongs to another query; repeat the path and all parameters of the first page ` +
      "(only n may change), or begin again without it",
  );
}

function invalid(sentence: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", `${sentence}.`, { detail: { parameter: "continue" } });
}
