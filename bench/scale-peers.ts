import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Connection, expectStatus } from "./connection.ts";
import { DOCKER_REGISTRY, Registry, type Kind } from "./registries.ts";
import { nameOf, type Size } from "./scale-content.ts";
import { spreadOf } from "./result.ts";

/** Beyond, a peer's page is not worth waiting for, in milliseconds. */
const PAGE_MS_MAX = 60_000;
const PAGE_ROUNDS = 3;
const FOLDERS_AT_ONCE = 64;

/** Connections, and seconds per round, of the comparison of a page that is in a cache. */
const CACHED_CONNECTIONS = 16;
const CACHED_SECONDS = 2;
const CACHED_ROUNDS = 3;

/** Milliseconds of a page deep in `_catalog`, three quarters down: the median of some. Also for answers without a length. */
export async function deepCatalogPage(port: number, last: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < PAGE_ROUNDS; round++) {
    const begun = performance.now();
    const answer = await fetch(
      `http://127.0.0.1:${port}/v2/_catalog?n=${100 - round}&last=${encodeURIComponent(last)}`,
    );
    const { repositories } = (await answer.json()) as { repositories: string[] };
    if (repositories.length !== 100 - round) throw new Error(`_catalog gave ${repositories.length} names`);
    times.push(performance.now() - begun);
    if (performance.now() - begun > PAGE_MS_MAX) break;
  }
  return spreadOf(times).median;
}

/** The name three quarters down the list. */
export function deepName(size: Size): string {
  const names = Array.from({ length: size.repositories }, (_, number) => nameOf(number, size));
  return names.toSorted((a, b) => (a < b ? -1 : 1))[Math.floor(names.length * 0.75)] ?? "";
}

/** The same page from Debian's docker-registry over repositories of the same names, made as the folders it looks for. */
export async function deepDockerPage(size: Size, last: string): Promise<number> {
  const kind: Kind = {
    ...DOCKER_REGISTRY,
    async command(port, folder) {
      const root = join(folder, "data/docker/registry/v2/repositories");
      for (let first = 0; first < size.repositories; first += FOLDERS_AT_ONCE) {
        const numbers = Array.from(
          { length: Math.min(FOLDERS_AT_ONCE, size.repositories - first) },
          (_, n) => first + n,
        );
        await Promise.all(
          numbers.map((number) => mkdir(join(root, nameOf(number, size), "_layers"), { recursive: true })),
        );
      }
      return DOCKER_REGISTRY.command(port, folder);
    },
  };
  await using registry = await Registry.open(kind);
  return await deepCatalogPage(registry.port, last);
}

/** A server of one file, by as many workers as we have: one. */
function nginxOf(page: Uint8Array): Kind {
  return {
    name: "nginx",
    async command(port, folder) {
      await mkdir(join(folder, "v2"));
      await writeFile(join(folder, "v2/index.html"), page);
      const config = `user root; worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/errors;
        events { worker_connections 256; }
        http { access_log ${folder}/requests; keepalive_requests 100000000; sendfile on; open_file_cache max=10;
          server { listen 127.0.0.1:${port}; root ${folder}; } }`;
      await writeFile(join(folder, "nginx.conf"), config);
      return ["nginx", "-c", join(folder, "nginx.conf")];
    },
  };
}

/**
 * Requests a second for a page that was asked for before, ours and nginx's with the same bytes, in turns. Both write a line
 * for each request, as they do unless told otherwise.
 */
export async function compareCached(
  port: number,
  path: string,
): Promise<{ ours: number; nginx: number; ratio: number }> {
  const page = new Uint8Array(await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer());
  await using nginx = await Registry.open(nginxOf(page));
  const rates = { ours: [] as number[], nginx: [] as number[] };
  // The first round is for server and client to get warm: what both run is compiled meanwhile.
  for (let round = 0; round <= CACHED_ROUNDS; round++) {
    const [ours, theirs] = [await rateOf(port, path), await rateOf(nginx.port, "/v2/")];
    if (round === 0) continue;
    rates.ours.push(ours);
    rates.nginx.push(theirs);
  }
  const [ours, theirs] = [spreadOf(rates.ours).median, spreadOf(rates.nginx).median];
  return { ours, nginx: theirs, ratio: ours / theirs };
}

async function rateOf(port: number, path: string): Promise<number> {
  using opened = new DisposableStack();
  const begun = performance.now();
  let answered = 0;
  const ask = async (): Promise<void> => {
    const connection = opened.use(await Connection.open(port));
    while (performance.now() - begun < CACHED_SECONDS * 1_000) {
      expectStatus(await connection.ask({ method: "GET", path }), 200, path);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CACHED_CONNECTIONS }, ask));
  return answered / ((performance.now() - begun) / 1_000);
}
