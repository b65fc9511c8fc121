import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CACHE = join(import.meta.dirname, "../../node_modules/.cache/go");
const BUILD_MS_MAX = 20 * 60_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** A program that the Go toolchain can build from its published module. */
export type GoProgram = {
  readonly name: string;
  /** Import path of the main package; its last segment is `name`. */
  readonly package: string;
  readonly version: string;
  /** The Go release its source asks for, as `[major, minor]`. */
  readonly go: readonly [number, number];
};

/** The installed Go release as `[major, minor]`, or undefined where there is none. */
async function findGo(): Promise<readonly [number, number] | undefined> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], { env: environment() });
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
    return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
  } catch {
    return undefined;
  }
}

/**
 * The folder that holds the built program alone, ready for a PATH. It is built once per version and kept under
 * node_modules; a build takes up to two minutes on two cores. Throws a sentence when there is no Go or an older one.
 */
export async function buildGoProgram(program: GoProgram): Promise<string> {
  const folder = join(CACHE, `${program.name}-${program.version}`);
  try {
    await access(join(folder, program.name));
    return folder;
  } catch {
    await requireGo(program);
  }
  const target = `${program.package}@${program.version}`;
  await run("go", ["install", "-p", "2", target], {
    env: { ...environment(), GOBIN: folder },
    timeout: BUILD_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return folder;
}

async function requireGo(program: GoProgram): Promise<void> {
  const [major, minor] = program.go;
  const found = await findGo();
  const needs = `${program.name} needs Go ${major}.${minor} or newer`;
  if (found === undefined)
    throw new Error(`${needs}, and there is no go on the PATH: install it and run again`);
  if (found[0] < major || (found[0] === major && found[1] < minor)) {
    throw new Error(
      `${needs}, and the go on the PATH is ${found.join(".")}: install a newer one and run again`,
    );
  }
}

/** A toolchain that Go would fetch by itself is not the one that was installed and looked at. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0" };
}
