import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

import { keepLog } from "./run-log.ts";

const START_MS_MAX = 20_000;
const LOG_SHOWN_CHARS = 4_000;
const ERRORS_KEPT = 20;
const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** The registry as its users run it: a process of its own on a free loopback port, over an empty temporary folder. */
export class RegistryProcess implements AsyncDisposable {
  /** `127.0.0.1:<port>`, speaking plain HTTP. */
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #errors: string[] = [];

  private constructor(host: string, parts: { child: ChildProcess; lines: Interface; folder: string }) {
    this.host = host;
    this.#child = parts.child;
    this.#folder = parts.folder;
    parts.lines.on("line", (line) => {
      keepLog(line);
      if (line.includes('"level":"error"') && this.#errors.length < ERRORS_KEPT) this.#errors.push(line);
    });
  }

  /** Resolves when it serves. `catalog` is a PostgreSQL URL; without it the catalog is SQLite in the folder. `config` makes what stands in its file. */
  static async start(
    options: { catalog?: string; config?: (folder: string) => Promise<object> } = {},
  ): Promise<RegistryProcess> {
    const folder = await mkdtemp(join(tmpdir(), "supercargo-registry-"));
    const catalog = options.catalog === undefined ? [] : ["--catalog", options.catalog];
    const config = await options.config?.(folder);
    const file = join(folder, "supercargo.yaml");
    // JSON is YAML as well.
    if (config) await writeFile(file, JSON.stringify(config));
    const settings = config ? ["--config", file] : [];
    const where = ["--listen", "127.0.0.1:0", "--data", join(folder, "data")];
    const args = [MAIN, "serve", ...where, ...catalog, ...settings];
    const logFile = join(folder, "stderr.log");
    await using log = await open(logFile, "a");
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", log.fd] });
    if (child.stdout === null) throw new Error("a pipe was asked for, and none was given");
    const lines = createInterface(child.stdout);
    try {
      return new RegistryProcess(await address(child, lines), { child, lines, folder });
    } catch (cause) {
      child.kill("SIGKILL");
      const tail = (await readFile(logFile, "utf8")).slice(-LOG_SHOWN_CHARS);
      await rm(folder, { recursive: true, force: true });
      throw new Error(`the registry did not start. The end of its log:\n${tail}`, { cause });
    }
  }

  /** Asks it to end, as an operator would, and holds it to its promises: it exits with 0, and answered no 5xx. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "close");
    }
    await rm(this.#folder, { recursive: true, force: true });
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) throw new Error(`the registry ended with ${signalCode ?? `exit code ${exitCode}`}`);
    if (this.#errors.length > 0) throw new Error(`the registry logged errors:\n${this.#errors.join("\n")}`);
  }
}

/** Reads what the registry prints until it says where it listens. */
async function address(child: ChildProcess, lines: Interface): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const printed: string[] = [];
  const read = (line: string): void => {
    const host = /\b127\.0\.0\.1:[1-9][0-9]*/.exec(line)?.[0];
    if (host !== undefined) resolve(host);
    else printed.push(line);
  };
  lines.on("line", read);
  child.once("exit", (code) =>
    reject(new Error(`it ended with ${code}, having printed: ${printed.join("\n")}`)),
  );
  const timer = setTimeout(() => reject(new Error(`it said no address in ${START_MS_MAX} ms`)), START_MS_MAX);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    lines.off("line", read);
  }
}
