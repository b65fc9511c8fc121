/**
 * Lists of a very large registry, measured: fills catalogs of growing size through the bulk interface, serves them, and
 * times pages at an HTTP client; beside them the deep pages of Debian's docker-registry, and a cached page against nginx.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { startPostgres, type PostgresServer } from "../test/support/postgres.ts";
import { Connection } from "./connection.ts";
import { residentBytes } from "./memory.ts";
import { Registry, SUPERCARGO, type Kind } from "./registries.ts";
import type { Size } from "./scale-content.ts";
import { fill, type CatalogPlace } from "./scale-fill.ts";
import {
  beginningOf,
  crawl,
  filtersOf,
  get,
  listsOf,
  middleOf,
  placesIn,
  timePlace,
  type Figures,
  type Place,
  type Times,
} from "./scale-pages.ts";
import { compareCached, deepCatalogPage, deepDockerPage, deepName } from "./scale-peers.ts";
import { keepScale, type Measured } from "./scale-result.ts";

const USAGE = `npm run bench:scale -- [options]
  --repositories N   of the largest catalog, 1,000,000 unless given; 1,000 and every power of ten between are measured too
  --tags N           in it, ten times as many unless given
  --catalog postgres on PostgreSQL, which is started for this; on SQLite unless given
  --only SIZES       only these sizes, with commas between them
  --peer N           docker-registry up to this size, 100,000 unless given; 0 for never
  --folder PATH      catalogs of SQLite are looked for in it, as PATH/<size>, and stay there
  --list WORD        only lists and filters whose names have this in them, and nothing else; keeps no result`;

/** Of which the middle one counts. */
const ROUNDS = 3;
/** Before memory is read, in milliseconds. */
const SETTLE_MS = 5_000;
/** Longer than the catalog is old: else the server would begin, after a minute, to forget most of what is measured. */
const RETENTION = "36500d";
const MIB = 2 ** 20;

type Options = {
  readonly sizes: readonly Size[];
  readonly postgres: boolean;
  readonly peer: number;
  readonly folder: string | undefined;
  readonly list: string | undefined;
};

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      repositories: { type: "string", default: "1000000" },
      tags: { type: "string" },
      catalog: { type: "string", default: "sqlite" },
      only: { type: "string" },
      peer: { type: "string", default: "100000" },
      folder: { type: "string" },
      list: { type: "string" },
    },
  });
  const largest = Number(values.repositories);
  const tags = Number(values.tags ?? largest * 10);
  const powers: number[] = [];
  for (let size = 1_000; size < largest; size *= 10) powers.push(size);
  const sizes = values.only?.split(",").map(Number) ?? [...powers, largest];
  const isNumber = [...sizes, tags, Number(values.peer)].every(
    (value) => Number.isSafeInteger(value) && value >= 0,
  );
  if (!isNumber || !["sqlite", "postgres"].includes(values.catalog)) throw new Error(USAGE);
  return {
    sizes: sizes.map((size) => ({ repositories: size, tags: Math.round((size * tags) / largest) })),
    postgres: values.catalog === "postgres",
    peer: Number(values.peer),
    folder: values.folder,
    list: values.list,
  };
}

/** A catalog of one size and a server over it, which is idle. */
type Served = {
  readonly size: Size;
  readonly registry: Registry;
  readonly begun: Pick<Measured, "fillSeconds" | "idle">;
};

/** Fills a catalog if it is not there, and starts a server over it. All that is opened is the stack's to dispose of. */
async function serve(
  size: Size,
  {
    stack,
    folder: kept,
    postgres,
  }: { stack: AsyncDisposableStack; folder: string | undefined; postgres: PostgresServer | undefined },
): Promise<Served> {
  const folder = kept
    ? join(kept, String(size.repositories))
    : await mkdtemp(join(tmpdir(), "supercargo-scale-"));
  if (!kept) stack.defer(() => rm(folder, { recursive: true, force: true }));
  const place = { folder, url: await postgres?.createDatabase() };
  const fillSeconds = await filled(place, size);
  const registry = stack.use(await Registry.open(kindOf(place)));
  await setTimeout(SETTLE_MS);
  const idle = (await residentBytes(registry.pid)).now / MIB;
  return { size, registry, begun: { fillSeconds, idle } };
}

/** On a server that may use as much memory as PostgreSQL's documentation says to begin with: a quarter of what there is. */
async function startLarge(): Promise<PostgresServer> {
  const server = await startPostgres();
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query(`alter system set shared_buffers = '${Math.floor(totalmem() / 4 / MIB)}MB'`);
  await client.end();
  await server.stop();
  await server.start();
  return server;
}

/**
 * Goes through all lists in rounds, and at each place through all sizes: what others do on the machine lasts for seconds, and
 * it is as fast for minutes as it is not for the next ones.
 */
async function timeAll(all: readonly Served[], word: string): Promise<ReadonlyMap<Served, Figures[]>> {
  const rounds = new Map<string, Map<Served, { place: Place; times: Times[] }>>();
  for (const served of all) {
    for (const place of await placesOf(served, word)) {
      const key = `${place.list.id}, ${place.name}`;
      const sizes = rounds.get(key) ?? new Map();
      rounds.set(key, sizes.set(served, { place, times: [] }));
    }
  }
  // Pages of one list alone would be in the page cache after the first.
  for (let round = 1; round <= (word ? 1 : ROUNDS); round++) {
    for (const [key, sizes] of rounds) {
      for (const [served, { place, times }] of sizes) {
        const timed = await timePlace(served.registry, place);
        times.push(timed);
        const figures = [timed.p50, timed.p99, timed.cpu].map((figure) => figure.toFixed(2)).join(" ");
        process.stderr.write(`${round}: ${served.size.repositories} ${key}: ${figures}\n`);
      }
    }
  }
  const figures = new Map<Served, Figures[]>(all.map((served) => [served, []]));
  for (const sizes of rounds.values()) {
    for (const [served, { place, times }] of sizes) figures.get(served)?.push(middleOf(place, times));
  }
  return figures;
}

/** Where lists are timed, if their names have the word in them. */
async function placesOf({ registry, size }: Served, word: string): Promise<Place[]> {
  const places: Place[] = [];
  for (const list of listsOf(size)) {
    if (list.id.includes(word)) places.push(...(await placesIn(registry, list)));
  }
  const filters = filtersOf(size).filter(({ id }) => id.includes(word));
  return [...places, ...filters.map(beginningOf)];
}

async function measureRest({ registry, size }: Served, peer: number): Promise<Partial<Measured>> {
  using connection = await Connection.open(registry.port);
  const names = await crawl(connection, "/v2/_supercargo/repositories?fields=name&n=1000");
  const oldNames = await crawl(connection, "/v2/_catalog?n=1000");
  const busy = (await residentBytes(registry.pid)).now / MIB;
  const page = "/v2/_supercargo/repositories?n=100";
  await get(connection, page);
  const cached = await compareCached(registry.port, page).catch((error: Error) => {
    process.stderr.write(`No comparison with nginx: ${error.message}\n`);
  });
  const last = deepName(size);
  const catalogPage = await deepCatalogPage(registry.port, last);
  const dockerPage = size.repositories <= peer ? await deepDockerPage(size, last) : undefined;
  return {
    crawl: { names: names.seconds, catalog: oldNames.seconds },
    busy,
    catalogPage,
    ...(cached && { cached }),
    ...(dockerPage !== undefined && { dockerPage }),
  };
}

/** Seconds that filling took; nothing for a catalog that was there. */
async function filled(place: CatalogPlace, size: Size): Promise<number | undefined> {
  try {
    return await fill(place, size);
  } catch (error) {
    if ((error as { code?: string }).code !== "DATA_UNUSABLE") throw error;
    return undefined;
  }
}

function kindOf({ folder, url }: CatalogPlace): Kind {
  return {
    ...SUPERCARGO,
    async command(port, own) {
      const [command, ...args] = await SUPERCARGO.command(port, own);
      const place = [...args.slice(0, -1), folder, ...(url ? ["--catalog", url] : [])];
      return [command, ...place, "--retention", RETENTION];
    },
  };
}

async function main(): Promise<void> {
  const { sizes, folder, list, peer, ...options } = parseOptions();
  await using stack = new AsyncDisposableStack();
  const postgres = options.postgres ? stack.use(await startLarge()) : undefined;
  const all: Served[] = [];
  for (const size of sizes) all.push(await serve(size, { stack, folder, postgres }));
  const timed = await timeAll(all, list ?? "");
  if (list !== undefined) return;
  const measured: Measured[] = [];
  for (const served of all) {
    const { size, begun } = served;
    measured.push({ size, ...begun, figures: timed.get(served) ?? [], ...(await measureRest(served, peer)) });
  }
  const path = await keepScale(measured, postgres ? "postgres" : "sqlite");
  process.stderr.write(`Kept as ${path}.md and .json\n`);
}

await main();
