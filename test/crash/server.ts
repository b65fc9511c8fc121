import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { keepLog } from "../support/run-log.ts";

/** How long a start may take, in milliseconds. */
const START_MS_MAX = 20_000;
const ERRORS_KEPT = 20;
const MAIN = join(import.meta.dirname, "../../src/main.ts");

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command of the program to its end. */
export async function supercargo(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

type Parts = { readonly child: ChildProcess; readonly lines: Interface; readonly stderr: () => string };

/** The registry as a process over a folder that outlives it, to be killed. */
export class Server implements AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** What it has logged as errors, oldest first. */
  readonly errors: string[] = [];
  readonly #child: ChildProcess;
  readonly #stderr: () => string;

  private constructor(host: string, { child, lines, stderr }: Parts) {
    this.host = host;
    lines.on("line", (line) => {
      keepLog(line);
      if (line.includes('"level":"error"') && this.errors.length < ERRORS_KEPT) this.errors.push(line);
    });
    this.#child = child;
    this.#stderr = stderr;
  }

  /** Resolves when it serves; throws with what it said if it does not. */
  static async start(...args: readonly string[]): Promise<Server> {
    const child = spawn(process.execPath, [MAIN, "serve", "--listen", "127.0.0.1:0", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stderr = gather(child.stderr);
    const closed = once(child, "close");
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
    const lines = createInterface(child.stdout);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    lines.on("line", (line) => {
      const port = /"host":"127\.0\.0\.1","port":(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
    void closed.then(() => resolve(undefined));
    const host = await promise;
    clearTimeout(timer);
    if (host !== undefined) return new Server(host, { child, lines, stderr });
    const { exitCode, signalCode } = child;
    throw new Error(`the server did not start, and ended with ${exitCode ?? signalCode}: ${stderr()}`);
  }

  /** Starts it and kills it after so many milliseconds, wherever its start has got to by then. */
  static async startAndKill(ms: number, ...args: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [MAIN, "serve", "--listen", "127.0.0.1:0", ...args], {
      stdio: "ignore",
    });
    const closed = once(child, "close");
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    const [code] = (await closed) as [number | null];
    clearTimeout(timer);
    if (code !== null) throw new Error(`the server ended by itself with ${code}`);
  }

  /** Ends it without a word, as a power cut would end the process. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null) throw new Error(`the server had ended by itself: ${this.#stderr()}`);
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }

  /** Asks it to end; its exit code must be 0. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.signalCode !== null) return;
    if (this.#child.exitCode === null) {
      const closed = once(this.#child, "close");
      this.#child.kill("SIGTERM");
      await closed;
    }
    if (this.#child.exitCode !== 0) throw new Error(`exit code ${this.#child.exitCode}: ${this.#stderr()}`);
  }
}

function gather(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return () => text;
}
