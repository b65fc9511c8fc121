import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Connection } from "./connection.ts";

const START_MS_MAX = 20_000;
const POLL_MS = 2;

/** A registry that can be measured: how to start it on a port over a folder. */
export interface Kind {
  readonly name: string;
  /** Command and arguments; writes what the registry needs into `folder` first. */
  command(port: number, folder: string): Promise<readonly [string, ...string[]]>;
}

/** Ours, from the sources of this checkout. */
export const SUPERCARGO: Kind = {
  name: "supercargo",
  async command(port, folder) {
    const main = join(import.meta.dirname, "../src/main.ts");
    return [process.execPath, main, "serve", "--listen", `127.0.0.1:${port}`, "--data", join(folder, "data")];
  },
};

/** Debian's package of CNCF distribution 2.8, as an operator would set it up: file system, deletes on; and what else `config` says. */
export function dockerRegistry(config: (folder: string) => object = () => ({})): Kind {
  return {
    name: "docker-registry",
    async command(port, folder) {
      const file = join(folder, "config.yml");
      const values = {
        version: 0.1,
        log: { level: "error" },
        storage: {
          filesystem: { rootdirectory: join(folder, "data") },
          delete: { enabled: true },
          redirect: { disable: true },
        },
        http: { addr: `127.0.0.1:${port}` },
        ...config(folder),
      };
      await writeFile(file, JSON.stringify(values));
      return ["docker-registry", "serve", file];
    },
  };
}

export const DOCKER_REGISTRY: Kind = dockerRegistry();

/** A registry process of our own, on loopback, over a temporary folder that goes when it is disposed of. */
export class Registry implements AsyncDisposable {
  readonly kind: Kind;
  readonly #folder: string;
  #port = 0;
  #process: ChildProcess | undefined;

  private constructor(kind: Kind, folder: string) {
    this.kind = kind;
    this.#folder = folder;
  }

  /** An empty registry that answers. */
  static async open(kind: Kind): Promise<Registry> {
    const registry = new Registry(kind, await mkdtemp(join(tmpdir(), "supercargo-bench-")));
    await registry.start();
    return registry;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts it over what its folder holds. Gives the milliseconds from the spawn to the first 200 of `/v2/`. */
  async start(): Promise<number> {
    this.#port = await freePort();
    const [command, ...args] = await this.kind.command(this.#port, this.#folder);
    await using log = await open(join(this.#folder, "log"), "a");
    const begun = performance.now();
    this.#process = spawn(command, args, { stdio: ["ignore", log.fd, log.fd] });
    const failed = once(this.#process, "exit").then(async () => this.#fail("ended at once"));
    await Promise.race([failed, this.#answering(begun + START_MS_MAX)]);
    failed.catch(() => undefined);
    return performance.now() - begun;
  }

  /** Ends it as an operator would, with SIGTERM, and waits until it is gone. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answering(deadline: number): Promise<void> {
    while (!(await answers(this.#port))) {
      if (performance.now() > deadline) await this.#fail(`did not answer in ${START_MS_MAX} ms`);
      await setTimeout(POLL_MS);
    }
  }

  async #fail(what: string): Promise<never> {
    const log = await readFile(join(this.#folder, "log"), "utf8");
    throw new Error(`${this.kind.name} ${what}. The end of its log:\n${log.slice(-2000)}`);
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    using connection = await Connection.open(port);
    // Under a policy it asks who that is.
    return [200, 401].includes((await connection.ask({ method: "GET", path: "/v2/" })).status);
  } catch {
    return false;
  }
}

/** Asks the kernel for a port and gives it back: both registries then take it by a flag or a file. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("the kernel gave no port");
  return address.port;
}
