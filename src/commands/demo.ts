import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { loadConfig } from "../config.ts";
import { RegistryError } from "../errors.ts";
import { type RunningServer, startServer } from "../server.ts";
import { fill } from "./demo/fill.ts";
import { Pusher } from "./demo/pusher.ts";
import { tourOf } from "./demo/tour.ts";
import { stopSignal } from "./stop-signal.ts";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 5000;
const PORT_MAX = 65_535;
const STDERR = 2;
const BYTES_PER_MB = 1e6;

const EXAMPLES = `
Examples:
  supercargo demo
  supercargo demo --port 0                on any free port`;

/** `supercargo demo`: a registry to look around in, which leaves nothing behind. */
export function demoCommand(): Command {
  const about = `where to listen on ${HOST}; 0 takes any free port (default: ${DEFAULT_PORT}, else any)`;
  return new Command("demo")
    .description(
      "Run a registry in a temporary folder, filled with images, charts, signatures and more by its own API, and print " +
        "ten commands worth trying.\nCtrl-C ends it and removes the folder.",
    )
    .addOption(new Option("--port <number>", about).argParser(parsePort))
    .addHelpText("after", EXAMPLES)
    .action(({ port }: { port?: number }) => demo(port));
}

async function demo(port: number | undefined): Promise<void> {
  // A terminal that is closed sends SIGHUP, which would leave the folder behind.
  const told = stopSignal(["SIGHUP"]);
  const folder = await mkdtemp(join(tmpdir(), "supercargo-demo-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const stop = new AbortController();
  void told.then(() => stop.abort());
  await using server = await start(folder, port);
  try {
    await invite(folder, { url: server.url, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  await told;
}

/** Fills the registry, and says what can be done with it. */
async function invite(folder: string, { url, signal }: { url: string; signal: AbortSignal }): Promise<void> {
  process.stderr.write(`Filling a registry in ${folder} …\n`);
  const begun = performance.now();
  const pusher = new Pusher(url, signal);
  const before = await fill(pusher);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stderr.write(`${summary(pusher)}, in ${seconds} s.\n`);
  process.stdout.write(invitation(url, before));
}

/** On the port, or on any free one where that was not asked for and is taken. */
async function start(folder: string, port: number | undefined): Promise<RunningServer> {
  try {
    return await startOn(folder, port ?? DEFAULT_PORT);
  } catch (error) {
    const isTaken = error instanceof RegistryError && error.code === "ADDRESS_IN_USE";
    if (!isTaken || port !== undefined) throw error;
    process.stderr.write(`Another program listens on port ${DEFAULT_PORT}, so this takes a free one.\n`);
    return await startOn(folder, 0);
  }
}

async function startOn(folder: string, port: number): Promise<RunningServer> {
  const flags = { listen: `${HOST}:${port}`, data: join(folder, "data"), "shutdown.grace": "1s" };
  // Nothing of the environment: a real catalog must not be filled with this.
  const { config } = await loadConfig({ flags, env: {} });
  return await startServer(config, { log: pino({ level: "warn" }, pino.destination(STDERR)) });
}

function summary({ pushed: { repositories, manifests, bytes } }: Pusher): string {
  const size = `${(bytes / BYTES_PER_MB).toFixed(1)} MB`;
  return `Pushed ${manifests} manifests to ${repositories} repositories, ${size} with their blobs`;
}

function invitation(url: string, before: number): string {
  const stops = tourOf({ url, before, supercargo: supercargo() });
  const list = stops.map(({ question, command }) => `# ${question}\n${command}\n`);
  return `\nA registry is at ${url}. Ten commands to try in another terminal:\n\n${list.join("\n")}\nCtrl-C ends it.\n`;
}

/** How this program is called in this folder: by its name where it is installed, from a checkout by its source. */
function supercargo(): string {
  const [, script = ""] = process.argv;
  return basename(script) === "main.ts" ? `npx node ${relative("", script)}` : "supercargo";
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= PORT_MAX) return port;
  throw new InvalidArgumentError(`It must be a number from 0 to ${PORT_MAX}.`);
}
