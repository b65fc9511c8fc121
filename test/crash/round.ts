import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openExistingDiskBlobs } from "../../src/blobs/disk.ts";
import { openPostgres } from "../../src/catalog/postgres.ts";
import { openExistingCatalog } from "../../src/catalog/sql-catalog.ts";
import { openSqliteReader } from "../../src/catalog/sqlite-reader.ts";
import { check } from "../../src/registry/check/check.ts";
import { expireUploads } from "../../src/registry/uploads.ts";
import { PullNotes } from "../../src/registry/pulls.ts";
import { Tail } from "../../src/registry/tail.ts";
import { REGISTRY_DEFAULTS, type Registry } from "../../src/registry/registry.ts";
import { Client } from "./client.ts";
import { Copy } from "./copy.ts";
import { LogReader } from "./log-reader.ts";
import type { Random } from "./random.ts";
import { Server } from "./server.ts";

const CLIENTS = 8;
/** How long clients work before the server is killed, in milliseconds. */
const LIFE_MS_MIN = 20;
const LIFE_MS_MAX = 500;
/** In how many of a hundred times the server is killed while it starts, and how long after its process began at the most. */
const KILLED_STARTING_PERCENT = 10;
const START_MS_MAX = 500;
/** What the events name as their source; the address changes with every start. */
const URL = "http://registry.test";
/** What may be found besides nothing: clients delete blobs that manifests name, and crashes cut off pushes. */
const EXPECTED = ["manifest.incomplete", "blob.garbage", "upload.unfinished"];

export type Round = {
  readonly folder: string;
  /** A PostgreSQL URL; without it the catalog is SQLite in the folder. */
  readonly catalog?: string | undefined;
  readonly kills: number;
  readonly random: Random;
};

export type Totals = { readonly acknowledged: number; readonly resumed: number; readonly revisions: number };

/** Kills a server over an empty folder again and again, and verifies after every start that it has kept its word. */
export async function runRound({ folder, catalog, kills, random }: Round): Promise<Totals> {
  const data = { folder: join(folder, "data"), catalog };
  const args = [
    "--data",
    data.folder,
    "--url",
    URL,
    ...(catalog === undefined ? [] : ["--catalog", catalog]),
  ];
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(`c${n}`, random));
  const reader = new LogReader();
  await using copy = await Copy.open();
  for (let killed = 0; killed < kills; killed++) {
    if (random.percent(KILLED_STARTING_PERCENT)) {
      await Server.startAndKill(random.below(START_MS_MAX), ...args);
      continue;
    }
    await using server = await Server.start(...args);
    copy.host = server.host;
    try {
      await verify(server.host, { clients, reader });
      await verifyData(data);
      await killAmid(server, { clients, reader, ms: LIFE_MS_MIN + random.below(LIFE_MS_MAX) });
    } catch (cause) {
      throw new Error(`Life ${killed} failed; the server had logged:\n${server.errors.join("\n")}`, {
        cause,
      });
    }
  }
  {
    await using server = await Server.start(...args);
    copy.host = server.host;
    await verify(server.host, { clients, reader });
    await useData({ folder: data.folder, catalog: data.catalog }, async ({ catalog: kept }) => {
      await copy.verify({ ...(await kept.bounds()), facts: await kept.facts() });
    });
  }
  await verifyNothingStays(data);
  await rm(data.folder, { recursive: true });
  const sum = (of: keyof Client["totals"]): number =>
    clients.reduce((total, { totals }) => total + totals[of], 0);
  return { acknowledged: sum("acknowledged"), resumed: sum("resumed"), revisions: reader.revision };
}

type Users = { readonly clients: readonly Client[]; readonly reader: LogReader };
type Place = { readonly folder: string; readonly catalog: string | undefined };

async function verify(host: string, { clients, reader }: Users): Promise<void> {
  await reader.verify(host);
  await Promise.all(clients.map((client) => client.verify(host)));
}

/** Lets the clients work for a moment, kills the server, and waits until each of them has noticed. */
async function killAmid(server: Server, { clients, reader, ms }: Users & { ms: number }): Promise<void> {
  let isKilled = false;
  const untilKilled = async (work: Promise<never>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      // Whoever loses the connection cannot know why; an answer other than the one expected is never right.
      if (error instanceof assert.AssertionError || !isKilled) throw error;
    }
  };
  const works = [...clients.map((client) => client.work(server.host)), reader.follow(server.host)].map(
    untilKilled,
  );
  const all = Promise.all(works);
  // The moment is what this is about, so it is the clock's.
  await Promise.race([delay(ms), all]);
  isKilled = true;
  await server.kill();
  await all;
}

async function verifyData(place: Place): Promise<void> {
  await useData(place, async (registry) => {
    const { counts, faults } = await check(registry, { hash: true });
    assert.deepEqual(faults, []);
    const unexpected = Object.keys(counts).filter((kind) => !EXPECTED.includes(kind));
    assert.deepEqual(unexpected, [], "a check after a crash finds nothing but what clients have left");
  });
}

/** What crashes have cut off can be cleared away without a trace. */
async function verifyNothingStays(place: Place): Promise<void> {
  const everything = new Date(Date.now() + 60_000);
  await verifyData(place);
  await useData(place, async (registry) => {
    await expireUploads(registry, everything);
    await check(registry, { hash: true, repair: { garbageBefore: everything } });
    const { counts } = await check(registry, { hash: true });
    assert.deepEqual(
      Object.keys(counts).filter((kind) => kind !== "manifest.incomplete"),
      [],
    );
  });
}

async function useData(
  { folder, catalog: url }: Place,
  work: (registry: Registry) => Promise<void>,
): Promise<void> {
  const engine = url === undefined ? await openSqliteReader(folder) : await openPostgres(url);
  await using catalog = await openExistingCatalog(engine);
  await using blobs = await openExistingDiskBlobs(folder);
  await using pulls = new PullNotes(catalog, console.error);
  using tail = new Tail(catalog);
  await work({ catalog, blobs, options: REGISTRY_DEFAULTS, pulls, tail });
}
