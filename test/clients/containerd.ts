import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Client, type Folder } from "./client.ts";

/** What needs a kernel's help, or an engine, is not needed to push and fetch. */
const DISABLED = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.overlayfs",
  "io.containerd.snapshotter.v1.zfs",
];

/** A containerd of our own with an empty content store, and `ctr` bound to it. */
export class Containerd implements AsyncDisposable {
  readonly ctr: Client;
  readonly #child: ChildProcess;

  private constructor(ctr: Client, child: ChildProcess) {
    this.ctr = ctr;
    this.#child = child;
  }

  /** Resolves when it serves. Its files go under `name` in the folder. */
  static async start(folder: Folder, name: string): Promise<Containerd> {
    const socket = folder.at(name, "sock");
    const config = [
      "version = 2",
      `root = ${JSON.stringify(folder.at(name, "root"))}`,
      `state = ${JSON.stringify(folder.at(name, "state"))}`,
      `disabled_plugins = ${JSON.stringify(DISABLED)}`,
      "[grpc]",
      `address = ${JSON.stringify(socket)}`,
    ];
    await mkdir(folder.at(name), { recursive: true });
    await writeFile(folder.at(name, "config.toml"), config.join("\n"));
    const args = ["--config", folder.at(name, "config.toml")];
    const child = spawn("containerd", args, { stdio: ["ignore", "ignore", "pipe"] });
    await booted(child);
    return new Containerd(new Client("ctr", { leading: ["--address", socket] }), child);
  }

  /** The digests of everything in its content store, ordered. */
  async content(): Promise<string[]> {
    return (await this.ctr.run("content", "ls", "--quiet")).trim().split("\n").toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }
}

async function booted(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error("containerd has no log to read");
  const printed: string[] = [];
  const lines = createInterface(child.stderr);
  for await (const line of lines) {
    printed.push(line);
    if (line.includes("containerd successfully booted")) {
      child.stderr.resume();
      return;
    }
  }
  throw new Error(`containerd ended:\n${printed.join("\n")}`);
}
