import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { run } from "../commands/run.ts";
import { keepLog, keepSecret } from "../support/run-log.ts";
import { Folder } from "./client.ts";
import { type Content, makeContent } from "./content.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** Everybody reads the library, `ann` writes there and in `team`, `bob` pushes to `bob` and sees nothing of `team`. */
const POLICY = {
  rules: [
    { allow: ["read"], to: ["anonymous"], on: ["library/**"] },
    { allow: ["write"], to: ["ann"], on: ["library/**", "team/**"] },
    { allow: ["write"], to: ["bob"], on: ["bob/**"] },
  ],
};

/** The password of everybody there. */
export const PASSWORD = "correct horse";

/** A registry under a policy, with users who log in, content to push, and a folder to pull into. */
export class GuardedScene implements AsyncDisposable {
  readonly host: string;
  readonly content: Content;
  readonly folder: Folder;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    host: string,
    content: Content,
    { folder, all }: { folder: Folder; all: AsyncDisposableStack },
  ) {
    this.host = host;
    this.content = content;
    this.folder = folder;
    this.#resources = all;
  }

  static async open(): Promise<GuardedScene> {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(await Folder.create());
    const content = await makeContent(folder.at("content"));
    const data = ["--data", folder.at("data")];
    for (const user of ["ann", "bob"]) {
      const { code, err } = await run(["user", "add", user, ...data], { input: PASSWORD });
      if (code !== 0) throw new Error(err);
    }
    const config = folder.at("config.yaml");
    writeFileSync(config, JSON.stringify({ policy: POLICY }));
    const args = [MAIN, "serve", "--listen", "127.0.0.1:0", "--config", config, ...data];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
    resources.defer(async () => {
      child.kill("SIGTERM");
      await once(child, "close");
    });
    keepSecret(PASSWORD);
    const lines = createInterface(child.stdout).on("line", keepLog);
    const port = await portIn(lines);
    return new GuardedScene(`127.0.0.1:${port}`, content, { folder, all: resources.move() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Where a registry listens, by its log. */
async function portIn(lines: Interface): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  lines.on("line", (line) => {
    const { msg, port } = JSON.parse(line) as { msg: string; port: number };
    if (msg === "listening") resolve(port);
  });
  lines.once("close", () => reject(new Error("The registry ended before it listened.")));
  return promise;
}
