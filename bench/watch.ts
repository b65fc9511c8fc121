/**
 * Watching, measured: from the 201 of a push to its event at a watcher; many idle watchers, what they cost, and how long
 * one push takes to reach the last of them; and how long it takes to read a log of a million events.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fillCatalog } from "../src/catalog/bulk.ts";
import { openSqliteFilling } from "../src/catalog/bulk-sqlite.ts";
import { quantile, report, type Row } from "./budget.ts";
import { Connection } from "./connection.ts";
import { residentBytes } from "./memory.ts";
import { Registry, SUPERCARGO } from "./registries.ts";
import { repositoriesOf } from "./scale-content.ts";
import { push, Watcher } from "./watcher.ts";

const USAGE = `npm run bench:watch -- [options]
  --watchers N   idle ones; 10,000 unless given
  --events N     of the log that is read; 1,000,000 unless given
  --pushes N     timed from their 201 to their event; 500 unless given
  --keep         keeps the result in bench/results/`;

const MIB = 2 ** 20;
/** Pushes that are timed with all watchers there. */
const PUSHES_WATCHED = 20;

/** Milliseconds from the answer of each push to its event at one watcher; below zero where the event was first. */
async function measureDelay(port: number, pushes: number): Promise<Row[]> {
  using connection = await Connection.open(port);
  const watcher = await Watcher.open(port, "snapshot=true");
  const delays: number[] = [];
  for (let n = 0; n < pushes; n++) {
    const heard = watcher.heard().then(() => performance.now());
    const answered = await push(connection, "delay/app");
    delays.push((await heard) - answered);
  }
  watcher.close();
  return [
    {
      what: "from the 201 of a push to its event at a watcher, p50",
      figure: quantile(delays, 0.5),
      unit: "ms",
      budget: 10,
    },
    { what: "the same, p99", figure: quantile(delays, 0.99), unit: "ms", budget: 10 },
  ];
}

/** What so many watchers cost, each of another namespace, and how long a push takes to reach one of them, and the last. */
async function measureMany({ port, pid }: Registry, count: number): Promise<Row[]> {
  const before = (await residentBytes(pid)).now;
  const watchers: Watcher[] = [];
  while (watchers.length < count) {
    const next = Array.from({ length: Math.min(100, count - watchers.length) }, (_, n) =>
      Watcher.open(port, `snapshot=true&under=ns-${watchers.length + n}`),
    );
    watchers.push(...(await Promise.all(next)));
  }
  using connection = await Connection.open(port);
  const times: number[] = [];
  for (let n = 0; n < PUSHES_WATCHED; n++) {
    const heard = watchers.at(-1)!.heard();
    const begun = performance.now();
    await push(connection, `ns-${count - 1}/app`);
    await heard;
    times.push(performance.now() - begun);
  }
  const after = (await residentBytes(pid)).now;
  for (const watcher of watchers) watcher.close();
  const who = `${count.toLocaleString("en")} watchers of other namespaces`;
  return [
    { what: `memory for ${who}`, figure: (after - before) / MIB, unit: "MiB", budget: 1024 },
    {
      what: `a push with ${who}, to the event at the last, median`,
      figure: quantile(times, 0.5),
      unit: "ms",
      budget: 100,
    },
    { what: "the same, slowest", figure: quantile(times, 1), unit: "ms", budget: 100 },
  ];
}

/** Seconds to read a whole log by one stream. */
async function measureReplay(events: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-watch-"));
  try {
    {
      await using filling = await openSqliteFilling(folder);
      const repositories = Math.round(events / 11);
      const size = { repositories, tags: repositories * 5 };
      await fillCatalog(filling, repositoriesOf(size), { actor: "bench", requestId: "fill" });
      await filling.keep();
    }
    await using registry = await Registry.open({
      ...SUPERCARGO,
      async command(port) {
        const [command, ...args] = await SUPERCARGO.command(port, folder);
        return [command, ...args.slice(0, -1), folder, "--retention", "36500d"];
      },
    });
    const answer = await fetch(`http://127.0.0.1:${registry.port}/v2/_supercargo/events?n=0`);
    const revision = Number(answer.headers.get("Supercargo-Revision"));
    const begun = performance.now();
    const stream = await fetch(`http://127.0.0.1:${registry.port}/v2/_supercargo/events?after=0`, {
      headers: { Accept: "application/x-ndjson" },
    });
    let lines = 0;
    for await (const chunk of stream.body ?? []) {
      lines += linesIn(Buffer.from(chunk as Uint8Array));
      if (lines >= revision) break;
    }
    const seconds = (performance.now() - begun) / 1_000;
    const what = `reading a log of ${lines.toLocaleString("en")} events, for a million`;
    return [{ what, figure: (seconds * 1_000_000) / lines, unit: "s", budget: 10 }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  return lines;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      watchers: { type: "string", default: "10000" },
      events: { type: "string", default: "1000000" },
      pushes: { type: "string", default: "500" },
      keep: { type: "boolean", default: false },
    },
  });
  const [watchers, events, pushes] = [values.watchers, values.events, values.pushes].map(Number) as [
    number,
    number,
    number,
  ];
  if (![watchers, events, pushes].every((value) => Number.isSafeInteger(value) && value > 0))
    throw new Error(USAGE);
  const rows: Row[] = [];
  {
    const limit = String(watchers + 10);
    await using registry = await Registry.open({
      ...SUPERCARGO,
      async command(port, folder) {
        return [...(await SUPERCARGO.command(port, folder)), "--limits-streams", limit];
      },
    });
    rows.push(...(await measureDelay(registry.port, pushes)));
    rows.push(...(await measureMany(registry, watchers)));
  }
  rows.push(...(await measureReplay(events)));
  await report(rows, {
    name: "watch",
    title: "Watching",
    about: "One node on SQLite, all on one machine.",
    isKept: values.keep,
  });
}

await main();
