/**
 * Telling others, measured: how fast webhooks are delivered; how soon a watcher at one node is told of a push at another; what
 * readers cost that never read; and whether who lists without end slows down who pulls.
 */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fillCatalog } from "../src/catalog/bulk.ts";
import { openSqliteFilling } from "../src/catalog/bulk-sqlite.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { quantile, report, type Row } from "./budget.ts";
import { Connection, expectStatus } from "./connection.ts";
import { residentBytes } from "./memory.ts";
import { Registry, SUPERCARGO } from "./registries.ts";
import { repositoriesOf } from "./scale-content.ts";
import { push, Watcher } from "./watcher.ts";

const MIB = 2 ** 20;
const PUSHES = 500;
const SLOW_READERS = 200;
const SCRAPERS = 16;
const PULL_MS = 5_000;

/** Our registry over a folder, with what stands in a configuration file. */
function over(folder: string, config: object = {}): Promise<Registry> {
  return Registry.open({
    ...SUPERCARGO,
    async command(port, own) {
      const file = join(own, "supercargo.yaml");
      await writeFile(file, JSON.stringify({ retention: "36500d", ...config }));
      const [command, ...args] = await SUPERCARGO.command(port, own);
      return [command, ...args.slice(0, -1), folder, "--config", file];
    },
  });
}

/** A folder with a log of about so many events. */
async function filled(events: number): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "supercargo-telling-"));
  await using filling = await openSqliteFilling(path);
  const repositories = Math.round(events / 11);
  const size = { repositories, tags: repositories * 5 };
  await fillCatalog(filling, repositoriesOf(size), { actor: "bench", requestId: "fill" });
  await filling.keep();
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Events a second at one receiver that takes everything at once, in some format. */
async function measureWebhook(folder: string, format: string, events: number): Promise<Row> {
  let [taken, begun, ended] = [0, 0, 0];
  const done = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    begun ||= performance.now();
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      response.end();
      taken += format === "batch" ? (JSON.parse(body) as unknown[]).length : 1;
      if (taken < events) return;
      ended = performance.now();
      done.resolve();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await using registry = await over(folder, { webhookTargets: "127.0.0.1" });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const target = `http://127.0.0.1:${registry.port}/v2/_supercargo/webhooks/bench?from=0`;
  const made = await fetch(target, { method: "PUT", body: JSON.stringify({ url, format }) });
  if (!made.ok) throw new Error(await made.text());
  await done.promise;
  await fetch(target.replace("?from=0", ""), { method: "DELETE" });
  server.closeAllConnections();
  server.close();
  const figure = (events * 1_000) / (ended - begun);
  return { what: `webhook, ${format}, one receiver on the same machine`, figure, unit: "events/s" };
}

/** From the 201 of a push at one node to its event at a watcher of another. */
async function measureNodes(): Promise<Row[]> {
  await using postgres = await startPostgres();
  const catalog = await postgres.createDatabase();
  const open = (): Promise<Registry> =>
    Registry.open({
      ...SUPERCARGO,
      async command(port, folder) {
        return [...(await SUPERCARGO.command(port, folder)), "--catalog", catalog];
      },
    });
  await using one = await open();
  await using other = await open();
  using connection = await Connection.open(one.port);
  const watcher = await Watcher.open(other.port, "snapshot=true");
  const delays: number[] = [];
  for (let n = 0; n < PUSHES; n++) {
    const heard = watcher.heard().then(() => performance.now());
    const answered = await push(connection, "delay/app");
    delays.push((await heard) - answered);
  }
  watcher.close();
  const what = "PostgreSQL, two nodes: from the 201 of a push at one to its event at the other";
  return [
    { what: `${what}, p50`, figure: quantile(delays, 0.5), unit: "ms", budget: 50 },
    { what: "the same, p99", figure: quantile(delays, 0.99), unit: "ms", budget: 50 },
  ];
}

/** What it costs that so many have asked for a whole log and do not read it. */
async function measureSlow(folder: string, events: number): Promise<Row> {
  await using registry = await over(folder);
  const before = (await residentBytes(registry.pid)).now;
  const sockets = [];
  for (let n = 0; n < SLOW_READERS; n++) {
    const socket = connect(registry.port, "127.0.0.1").pause();
    await once(socket, "connect");
    socket.write(
      "GET /v2/_supercargo/events?after=0 HTTP/1.1\r\nHost: bench\r\nAccept: application/x-ndjson\r\n\r\n",
    );
    sockets.push(socket);
  }
  // What it grows to while nobody reads: the highest of some looks.
  let highest = 0;
  for (let look = 0; look < 20; look++) {
    await delay(250);
    highest = Math.max(highest, (await residentBytes(registry.pid)).now);
  }
  for (const socket of sockets) socket.destroy();
  const what = `${SLOW_READERS} readers of ${events.toLocaleString("en")} events who do not read, for each`;
  return { what, figure: (highest - before) / MIB / SLOW_READERS, unit: "MiB", budget: 1 };
}

/** Who lists meanwhile, on many connections: nobody, who comes back when told to, or who asks without end whatever is said. */
type Scraper = "none" | "obeys" | "ignores";

async function scrape(port: number, kind: Scraper, isOver: () => boolean): Promise<void> {
  const path = "/v2/_supercargo/tags?n=1000&name=*7*";
  using connection = await Connection.open(port);
  while (!isOver()) {
    if (kind === "ignores") {
      await connection.ask({ method: "GET", path });
      continue;
    }
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    await answer.arrayBuffer();
    const seconds = Number(answer.headers.get("Retry-After") ?? 0);
    for (let waited = 0; waited < seconds * 10 && !isOver(); waited++) await delay(100);
  }
}

/** Milliseconds of each pull by one client, for a while; others list meanwhile. */
async function pulls(port: number, path: string, scraper: Scraper): Promise<number[]> {
  let isOver = false;
  const count = scraper === "none" ? 0 : SCRAPERS;
  const scrapers = Array.from({ length: count }, () => scrape(port, scraper, () => isOver));
  using connection = await Connection.open(port);
  const times: number[] = [];
  const end = performance.now() + PULL_MS;
  while (performance.now() < end) {
    const begun = performance.now();
    expectStatus(await connection.ask({ method: "GET", path }), 200, path);
    times.push(performance.now() - begun);
  }
  isOver = true;
  await Promise.all(scrapers);
  return times;
}

/** The path of a manifest by its tag. */
async function listed(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/_supercargo/tags?n=1`);
  const { items } = (await answer.json()) as { items: [{ repository: string; name: string }] };
  return `/v2/${items[0].repository}/manifests/${items[0].name}`;
}

async function measureScraped(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (what: string, times: readonly number[]): void => {
    rows.push({ what: `a pull of a manifest ${what}, p50`, figure: quantile(times, 0.5), unit: "ms" });
    rows.push({ what: "the same, p99", figure: quantile(times, 0.99), unit: "ms" });
  };
  {
    await using registry = await over(folder);
    const path = await listed(registry.port);
    add("alone", await pulls(registry.port, path, "none"));
    add(`while ${SCRAPERS} connections list without end`, await pulls(registry.port, path, "ignores"));
  }
  await using registry = await over(folder, { rateLimits: { list: "20/s" } });
  const path = await listed(registry.port);
  const limited = "while they may list 20 times a second, and";
  add(`${limited} come back when they are told to`, await pulls(registry.port, path, "obeys"));
  add(`${limited} ask all the same`, await pulls(registry.port, path, "ignores"));
  return rows;
}

const { values } = parseArgs({
  options: { events: { type: "string", default: "100000" }, keep: { type: "boolean", default: false } },
});
await using folder = await filled(Number(values.events));
const rows: Row[] = [];
{
  await using registry = await over(folder.path);
  const answer = await fetch(`http://127.0.0.1:${registry.port}/v2/_supercargo/events?n=0`);
  const events = Number(answer.headers.get("Supercargo-Revision"));
  await registry.stop();
  rows.push(await measureWebhook(folder.path, "structured", Math.min(events, 20_000)));
  rows.push(await measureWebhook(folder.path, "batch", events));
  rows.push(await measureSlow(folder.path, events));
}
rows.push(...(await measureScraped(folder.path)));
rows.push(...(await measureNodes()));
await report(rows, {
  name: "telling",
  title: "Telling others",
  about: "One node on SQLite unless it says otherwise, all on one machine.",
  isKept: values.keep,
});
