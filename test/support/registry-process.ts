import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MS_MAX = 20_000;
const LOG_SHOWN_CHARS = 4_000;
const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** The registry as its users run it: a process of its own on a free loopback port, over an empty temporary folder. */
export class RegistryProcess implements AsyncDisposable {
  /** `127.0.0.1:<port>`, speaking plain HTTP. */
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(host: string, child: ChildProcess, folder: string) {
    this.host = host;
    this.#child = child;
    this.#folder = folder;
  }

  /** Resolves when it serves. `catalog` is a PostgreSQL URL; without it the catalog is SQLite in the folder. */
  static async start(options: { catalog?: string } = {}): Promise<RegistryProcess> {
    const folder = await mkdtemp(join(tmpdir(), "supercargo-registry-"));
    const catalog = options.catalog === undefined ? [] : ["--catalog", options.catalog];
    const args = [MAIN, "serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), ...catalog];
    const logFile = join(folder, "stderr.log");
    await using log = await open(logFile, "a");
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", log.fd] });
    try {
      return new RegistryProcess(await address(child), child, folder);
    } catch (cause) {
      child.kill("SIGKILL");
      const tail = (await readFile(logFile, "utf8")).slice(-LOG_SHOWN_CHARS);
      await rm(folder, { recursive: true, force: true });
      throw new Error(`the registry did not start. The end of its log:\n${tail}`, { cause });
    }
  }

  /** Asks it to end, as an operator would, and holds it to its promise to exit with 0. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "exit");
    }
    await rm(this.#folder, { recursive: true, force: true });
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) throw new Error(`the registry ended with ${signalCode ?? `exit code ${exitCode}`}`);
  }
}

/** Reads what the registry prints until it says where it listens, and keeps its output flowing afterwards. */
async function address(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the registry has no output to read");
  const lines = createInterface(child.stdout);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const printed: string[] = [];
  lines.on("line", (line) => {
    const host = /\b127\.0\.0\.1:[1-9][0-9]*/.exec(line)?.[0];
    if (host !== undefined) resolve(host);
    else printed.push(line);
  });
  child.once("exit", (code) =>
    reject(new Error(`it ended with ${code}, having printed: ${printed.join("\n")}`)),
  );
  const timer = setTimeout(() => reject(new Error(`it said no address in ${START_MS_MAX} ms`)), START_MS_MAX);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    lines.removeAllListeners("line");
    lines.resume();
  }
}
