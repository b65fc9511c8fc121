import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from "yaml";

/** What a configuration file says, not yet checked. */
export type ConfigFile = {
  /** The keys as nested objects; empty when there is no file, or an unreadable one. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why it could not be read, a sentence each. */
  readonly problems: readonly string[];
  /** Where a key stands, for a person: `supercargo.yaml, line 3`. */
  from(path: readonly string[]): string;
};

/** Reads a YAML file. Never throws: what is wrong with it is in `problems`, without quoting what may be a secret. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const refused = (...problems: string[]): ConfigFile => ({ values: {}, problems, from: () => path });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return refused(`The file ${path} cannot be read: ${(error as Error).message}.`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const where = (offset: number): string => `${path}, line ${lines.linePos(offset).line}`;
    return refused(...faults.map(({ code, pos }) => `${where(pos[0])} is not good YAML (${code}).`));
  }
  if (document.contents === null) return refused();
  if (!isMap(document.contents))
    return refused(`${path} must consist of keys and values, such as "data: ./data".`);
  return {
    values: withoutEmpty(document.toJS() as Record<string, unknown>),
    problems: [],
    from: (key) => `${basename(path)}, line ${lines.linePos(offsetOf(document, key)).line}`,
  };
}

/** A key with nothing behind it counts as not set, such as a group whose members are all commented out. */
function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  const set = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(set.map(([key, value]) => [key, isObject(value) ? withoutEmpty(value) : value]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where the key or item at the end of a path begins, or the last of those around it that is there. */
function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const segment of path) {
    if (isSeq<Node>(node) && node.items[Number(segment)] !== undefined) {
      node = node.items[Number(segment)];
      offset = (node as Node).range?.[0] ?? offset;
      continue;
    }
    if (!isMap<Node>(node)) break;
    const pair: Pair<Node> | undefined = node.items.find(
      ({ key }) => isScalar(key) && String(key.value) === segment,
    );
    if (pair === undefined) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}
