/**
 * `npm run test:clients`: other people's clients against this registry. Clients that Go can install are built once and
 * kept under node_modules; the others come from the system. What is not there is skipped by its name, and is a failure
 * where `CI=true`. Arguments are passed on to the test runner.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { buildGoProgram, type GoProgram } from "../support/go-program.ts";
import { BUSYBOX } from "./content.ts";

const GO_CLIENTS: readonly GoProgram[] = [
  {
    name: "crane",
    package: "github.com/google/go-containerregistry/cmd/crane",
    version: "v0.22.1",
    go: [1, 25],
  },
  {
    name: "gcrane",
    package: "github.com/google/go-containerregistry/cmd/gcrane",
    version: "v0.22.1",
    go: [1, 25],
  },
  { name: "oras", package: "oras.land/oras/cmd/oras", version: "v1.3.6", go: [1, 26] },
  { name: "regctl", package: "github.com/regclient/regclient/cmd/regctl", version: "v0.11.7", go: [1, 26] },
  { name: "helm", package: "helm.sh/helm/v3/cmd/helm", version: "v3.22.0", go: [1, 26] },
];

/** The folders of the clients that could be built; the tests say of the others that they are missing. */
async function buildClients(): Promise<string[]> {
  const folders: string[] = [];
  for (const client of GO_CLIENTS) {
    try {
      folders.push(await buildGoProgram(client));
    } catch (error) {
      console.log(
        `${client.name} cannot be built: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return folders;
}

async function main(): Promise<number> {
  if (!existsSync(BUSYBOX)) {
    console.error(
      `${BUSYBOX} is missing, of which the images are made: install busybox-static and run again`,
    );
    return 1;
  }
  const suites = globSync(join(import.meta.dirname, "*.client.ts"));
  if (suites.length === 0) throw new Error("there is no client suite to run");
  const path = [...(await buildClients()), process.env["PATH"] ?? ""].join(delimiter);
  const args = ["--test", "--test-concurrency=2", ...process.argv.slice(2), ...suites.toSorted()];
  const runner = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, PATH: path } });
  const [exit] = (await once(runner, "exit")) as [number | null];
  return exit ?? 1;
}

process.exitCode = await main();
