import { RegistryError } from "../errors.ts";
import { shown } from "./shown.ts";

/** How deeply arrays and objects may nest. A manifest needs 5. */
export const JSON_DEPTH_MAX = 64;

/** An object as JSON has it. */
export type JsonObject = Record<string, unknown>;

/** What the scan knows of an array or object that is still open: the keys met so far, a set from the second on. */
type OpenContainer = { keys: undefined | string | Set<string> };

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const SURROGATE = /\\u[dD][89a-fA-F]/y;
const PAIR = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/y;
const PAIR_LENGTH = "\\ud83d\\ude00".length;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const ARRAY_START = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Reads a JSON document that two readers cannot understand differently: UTF-8 without a byte order mark, no key
 * twice in an object, no half of a surrogate pair, nothing after the value. `__proto__` is a key like any other.
 * Numbers are doubles, so one that is too large is not exact or infinite: whoever needs an integer checks it.
 * Time and memory grow with the length of the document, whatever its shape.
 * @throws MANIFEST_INVALID saying where
 */
export function parseJson(bytes: Uint8Array, options: { depth?: number } = {}): unknown {
  const text = decode(bytes);
  scan(text, options.depth ?? JSON_DEPTH_MAX);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replaceAll(/\p{C}/gu, "?") : "";
    throw new RegistryError("MANIFEST_INVALID", `The document is not JSON: ${problem}.`, { cause });
  }
}

/** Whether a value out of {@link parseJson} is an object, and not an array or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new RegistryError("MANIFEST_INVALID", "The document is not valid UTF-8; JSON has to be.", {
      cause,
    });
  }
}

/** Refuses what JSON.parse lets pass. The grammar is left to it: of a text that is not JSON, anything may be said here. */
function scan(text: string, depthMax: number): void {
  const open: OpenContainer[] = [];
  let start = 0;
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        start = at + 1;
        end = endOfString(text, start);
        at = end;
        break;
      case COLON:
        if (open.length > 0) noteKey(open[open.length - 1]!, text.slice(start, end), start);
        break;
      case ARRAY_START:
      case OBJECT_START:
        if (open.length === depthMax) throw refused(`nests deeper than ${depthMax} levels`, at);
        open.push({ keys: undefined });
        break;
      case ARRAY_END:
      case OBJECT_END:
        open.pop();
        break;
    }
  }
}

/** Where the quote is that ends the string, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    at += unit === BACKSLASH ? escapeLength(text, at) : 1;
  }
  return at;
}

/** How many characters to step over for the escape that begins here; its digits are no quotes and need no care. */
function escapeLength(text: string, at: number): number {
  SURROGATE.lastIndex = at;
  if (text.charCodeAt(at + 1) !== LOWER_U || !SURROGATE.test(text)) return 2;
  PAIR.lastIndex = at;
  if (!PAIR.test(text)) throw refused("has half of a surrogate pair", at);
  return PAIR_LENGTH;
}

function noteKey(object: OpenContainer, raw: string, at: number): void {
  const key = raw.includes("\\") ? unescaped(raw) : raw;
  // A set for each object would cost more than all the rest: most hostile documents are many small objects.
  if (object.keys === undefined) object.keys = key;
  else {
    if (typeof object.keys === "string") object.keys = new Set([object.keys]);
    if (object.keys.has(key)) throw refused(`has the key ${shown(key)} a second time in one object`, at);
    object.keys.add(key);
  }
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

function refused(problem: string, at: number): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `The JSON document ${problem}, at character ${at}.`);
}
