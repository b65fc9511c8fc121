import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

const execute = promisify(execFile);
const COMMAND_MS_MAX = 120_000;
const NAME_BYTES = 6;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Other people's program, run from the PATH. */
export class Client {
  readonly program: string;
  readonly #leading: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #folder: string | undefined;

  /** `leading` goes before all arguments; `folder` is where it runs. */
  constructor(
    program: string,
    options: { leading?: readonly string[]; environment?: Record<string, string>; folder?: string } = {},
  ) {
    this.program = program;
    this.#leading = options.leading ?? [];
    this.#environment = options.environment ?? {};
    this.#folder = options.folder;
  }

  /** What it prints. A command that fails throws with its whole command line and all that it said. */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await this.#execute(args);
    return stdout;
  }

  /** What it complains of when it fails, as it must. */
  async fails(...args: readonly string[]): Promise<string> {
    try {
      await this.#execute(args);
    } catch (error) {
      if (error instanceof Error && "stderr" in error) return String(error.stderr);
      throw error;
    }
    throw new Error(`${this.program} ${args.join(" ")} should have failed`);
  }

  async #execute(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    return await execute(this.program, [...this.#leading, ...args], {
      cwd: this.#folder,
      env: { ...process.env, ...this.#environment },
      timeout: COMMAND_MS_MAX,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  }
}

/** A folder for one suite; it goes when it is disposed of. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<Folder> {
    // In lower case, for podman makes repository names of paths; short, for it and sockets take 50 and 100 characters.
    const path = join(tmpdir(), `supercargo-${randomBytes(NAME_BYTES).toString("hex")}`);
    await mkdir(path);
    return new Folder(path);
  }

  at(...segments: readonly string[]): string {
    return join(this.path, ...segments);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/**
 * A suite that needs programs on the PATH. Where one is missing the suite is skipped by its name; where CI promised
 * to have installed them all (`CI=true`), it fails instead.
 */
export function describeClient(programs: readonly string[], suite: () => void): void {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0) {
    describe(programs.join(", "), suite);
    return;
  }
  const reason = `${missing.join(", ")} not found on the PATH`;
  test(programs.join(", "), { skip: process.env["CI"] === "true" ? false : reason }, () => {
    throw new Error(`${reason}; with CI=true every client has to be there`);
  });
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
