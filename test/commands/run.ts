import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";

const MAIN = path.join(import.meta.dirname, "../../src/main.ts");

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input. */
  readonly input?: string;
};

/** Runs `supercargo` as a process of its own. Nobody is logged in anywhere, unless `env` says where docker keeps that. */
export async function run(args: readonly string[], { env = {}, input = "" }: RunOptions = {}): Promise<Ran> {
  const child = start(args, env);
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: code as number | null, out, err };
}

/** The same with a reader that leaves after the first line, as `head -n 1` does. */
export async function runForOneLine(args: readonly string[]): Promise<Ran> {
  const child = start(args, {});
  const closed = once(child, "close");
  const err = text(child.stderr);
  let out = "";
  for await (const chunk of child.stdout) {
    out += String(chunk);
    // Leaving the loop closes the pipe.
    if (out.includes("\n")) break;
  }
  const [code] = await closed;
  return { code: code as number | null, out: out.slice(0, out.indexOf("\n") + 1), err: await err };
}

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, DOCKER_CONFIG: "nowhere", ...env },
  });
}

/** The lines of a table, each as its cells, without the first line. */
export function rowsOf(out: string): string[][] {
  const [, ...lines] = out.trimEnd().split("\n");
  return lines.map((line) => line.split(/ {2,}/));
}

/** The items of what `--output ndjson` prints. */
export function itemsOf(out: string): Record<string, unknown>[] {
  return out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
