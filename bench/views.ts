/**
 * Lists for callers who see a part of a very large registry, measured: fills catalogs of growing size, serves each under a
 * policy, and times pages of repositories for callers who may see little, some, most and all of it, in every order.
 */
import { hash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import bcrypt from "bcrypt";
import { fillCatalog, type BulkRepository } from "../src/catalog/bulk.ts";
import { openSqliteFilling } from "../src/catalog/bulk-sqlite.ts";
import type { Digest } from "../src/oci/digest.ts";
import { MEDIA_TYPES } from "../src/oci/media-type.ts";
import type { RepositoryName } from "../src/oci/name.ts";
import type { Tag } from "../src/oci/tag.ts";
import { Connection, expectStatus } from "./connection.ts";
import { Registry, SUPERCARGO } from "./registries.ts";
import { describeMachine } from "./result.ts";
import { drawCurves } from "./scale-curve.ts";
import { SIGHTS, type Sight } from "./views-sights.ts";

const USAGE = `npm run bench:views -- [options]
  --sizes LIST   repositories of the catalogs, with commas between them; 1000,10000,100000,1000000 unless given
  --keep         keeps the result in bench/results/ and draws docs/views.svg`;

const ORDERS = ["name", "created", "updated", "size", "pulled"] as const;
const ITEMS = 100;
/** Pages timed at each place. */
const PAGES = 60;
/** First pages that are timed each after a write, when nothing of the list has been kept. */
const AFTER_WRITES = 15;
/** Repositories of one namespace, save in catalogs that are smaller. */
const NAMESPACE = 10_000;
/** A prime: pushes come in an order that has nothing to do with names. */
const STRIDE = 7_368_787;
const PASSWORD = "bench";
const ORIGIN = { actor: "bench", requestId: "fill" };
const BUDGET_MS = 2;

type Figures = {
  readonly sight: string;
  readonly order: string;
  readonly first: number;
  readonly deep: number | undefined;
  readonly afterWrite: number;
};
type Measured = { readonly size: number; readonly fillSeconds: number; readonly figures: readonly Figures[] };

function nameOf(number: number): RepositoryName {
  return `ns-${String(Math.floor(number / NAMESPACE)).padStart(3, "0")}/app-${number}` as RepositoryName;
}

function* repositoriesOf(size: number): Generator<BulkRepository> {
  for (let position = 0; position < size; position++) {
    const number = (position * STRIDE) % size;
    const digest: Digest = `sha256:${hash("sha256", String(number))}` as Digest;
    const blobs = [
      {
        digest: `sha256:${hash("sha256", `layer ${number}`)}` as Digest,
        size: 1_000 + ((number * 7_919) % size),
      },
    ];
    const content = {
      digest,
      bytes: Buffer.from("{}"),
      mediaType: MEDIA_TYPES.ociManifest,
      size: 2,
      imageSize: 1_000,
      annotations: {},
      platforms: [],
      class: "image",
      blobs,
      children: [],
    } as const;
    const time = new Date(Date.parse("2026-01-01T00:00:00Z") + position);
    yield { name: nameOf(number), time, manifests: [{ content }], tags: [{ name: "v1" as Tag, digest }] };
  }
}

async function measure(size: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-views-"));
  try {
    const begun = performance.now();
    await mkdir(folder, { recursive: true });
    {
      await using filling = await openSqliteFilling(folder);
      await fillCatalog(filling, repositoriesOf(size), ORIGIN);
      await filling.keep();
    }
    const fillSeconds = (performance.now() - begun) / 1_000;
    const sights = SIGHTS.map((sight) => ({ ...sight, on: sight.on(size, nameOf, NAMESPACE) }));
    const config = await writeConfig(folder, sights);
    await using registry = await Registry.open({
      ...SUPERCARGO,
      async command(port) {
        const [command, ...args] = await SUPERCARGO.command(port, folder);
        return [command, ...args.slice(0, -1), folder, "--config", config, "--retention", "36500d"];
      },
    });
    using connection = await Connection.open(registry.port);
    const figures: Figures[] = [];
    for (const { name } of sights) {
      for (const order of ORDERS) figures.push(await timeList(connection, { name, order, size }));
    }
    return { size, fillSeconds, figures };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeConfig(
  folder: string,
  sights: readonly (Pick<Sight, "name"> & { readonly on: readonly string[] })[],
): Promise<string> {
  const names = [...sights.map(({ name }) => name), "root"];
  const users = await Promise.all(names.map(async (name) => `${name}:${await bcrypt.hash(PASSWORD, 5)}`));
  await writeFile(join(folder, "users"), `${users.join("\n")}\n`);
  const rules = [
    ...sights.map(({ name, on }) => ({ allow: ["list"], to: [name], on })),
    { allow: ["admin"], to: ["root"], on: ["**"] },
  ];
  const path = join(folder, "config.yaml");
  await writeFile(path, JSON.stringify({ htpasswd: join(folder, "users"), policy: { rules } }));
  return path;
}

/** A token, so that what is measured is a list and no password. */
async function tokenOf(port: string, name: string): Promise<Readonly<Record<string, string>>> {
  const basic = `Basic ${Buffer.from(`${name}:${PASSWORD}`).toString("base64")}`;
  const scope = name === "root" ? "?scope=repository:ns-000/app-written:pull,push" : "";
  const answer = await fetch(`http://${port}/v2/_supercargo/token${scope}`, {
    headers: { Authorization: basic },
  });
  const { token } = (await answer.json()) as { token: string };
  return { Authorization: `Bearer ${token}` };
}

async function timeList(
  connection: Connection,
  { name, order, size }: { name: string; order: string; size: number },
): Promise<Figures> {
  const headers = await tokenOf(connection.host, name);
  const path = `/v2/_supercargo/repositories?orderBy=${order}&`;
  const get = async (target: string): Promise<{ ms: number; next: string | undefined }> => {
    const begun = performance.now();
    const answer = await connection.ask({ method: "GET", path: target, headers });
    const ms = performance.now() - begun;
    expectStatus(answer, 200, target);
    return { ms, next: /<([^>]*)>/.exec(answer.header("Link") ?? "")?.[1] };
  };
  const first: number[] = [];
  // Each with another number of items, so that none comes from the page cache.
  for (let n = 0; n < PAGES; n++) first.push((await get(`${path}n=${ITEMS - n}`)).ms);
  const deep =
    (await timeDeep(get, `${path}n=1000`, size)) ?? (await timeDeep(get, `${path}n=${ITEMS}`, size));
  const written: number[] = [];
  const root = await tokenOf(connection.host, "root");
  for (let n = 0; n < AFTER_WRITES; n++) {
    await write(connection, root, n);
    written.push((await get(`${path}n=${ITEMS}`)).ms);
  }
  const figures = { sight: name, order, first: middle(first), deep, afterWrite: middle(written) };
  process.stderr.write(`${size} ${JSON.stringify(figures)}\n`);
  return figures;
}

/** Pages in a row, beginning where half of the list has been passed; of a list of one page, nothing. */
async function timeDeep(
  get: (target: string) => Promise<{ ms: number; next: string | undefined }>,
  start: string,
  size: number,
): Promise<number | undefined> {
  const places: string[] = [];
  for (let next: string | undefined = start; next !== undefined && places.length * 2_000 < size;) {
    ({ next } = await get(next));
    if (next !== undefined) places.push(next);
  }
  const middlePlace = places[Math.floor(places.length / 2)] ?? places[0];
  if (middlePlace === undefined) return undefined;
  const times: number[] = [];
  for (let n = 0; n < PAGES; n++)
    times.push((await get(middlePlace.replace(/([?&]n)=\d+/, `$1=${ITEMS - n}`))).ms);
  return middle(times);
}

async function write(
  connection: Connection,
  headers: Readonly<Record<string, string>>,
  n: number,
): Promise<void> {
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [],
      annotations: { n: `${n} ${performance.now()}` },
    }),
  );
  const path = "/v2/ns-000/app-written/manifests/v1";
  const answer = await connection.ask({
    method: "PUT",
    path,
    headers: { ...headers, "Content-Type": MEDIA_TYPES.ociIndex },
    body,
  });
  expectStatus(answer, 201, path);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function keep(measured: readonly Measured[]): Promise<void> {
  const date = `${new Date().toISOString().slice(0, 16)}Z`;
  const machine = describeMachine();
  const path = join(import.meta.dirname, "results", `${date.replaceAll(":", "")}-views`);
  const facts = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  const head = `# Lists for callers who see a part, ${date}\n\n${facts.join(" · ")}\n\nMedian milliseconds of ${PAGES} pages of about ${ITEMS} repositories at an HTTP client, by token, none from the page cache: the first page, one half way through what the caller sees, and the first one after a write elsewhere, for which nothing is kept. Budget: ${BUDGET_MS} ms for the first two.\n\n`;
  const columns = measured.map(({ size }) => `${size.toLocaleString("en")} repositories`);
  const lines = [
    `| who | order | ${columns.join(" | ")} |`,
    `|---|---|${columns.map(() => "---|").join("")}`,
  ];
  for (const { name, about } of SIGHTS) {
    for (const order of ORDERS) {
      const cells = measured.map(({ figures }) => {
        const found = figures.find((one) => one.sight === name && one.order === order);
        return found
          ? [found.first, found.deep, found.afterWrite].map((ms) => ms?.toFixed(2) ?? "–").join(" / ")
          : "–";
      });
      lines.push(`| ${about} | ${order} | ${cells.join(" | ")} |`);
    }
  }
  await writeFile(`${path}.md`, `${head}${lines.join("\n")}\n`);
  await writeFile(`${path}.json`, `${JSON.stringify({ date, machine, measured }, undefined, 2)}\n`);
  const curves = SIGHTS.map(({ name, about }) => ({
    name: about,
    points: measured.map(({ size, figures }) => {
      const times = figures
        .filter((one) => one.sight === name)
        .flatMap(({ first, deep = first }) => [first, deep]);
      return { x: size, y: Math.max(...times) };
    }),
  }));
  await writeFile(
    join(import.meta.dirname, "../docs/views.svg"),
    drawCurves(curves, {
      title: "Milliseconds of a page of 100 repositories, by what its caller may see",
      heading: "A page of 100 repositories: the slowest order, first or deep",
    }),
  );
  process.stderr.write(`Kept as ${path}.md and .json\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: "string", default: "1000,10000,100000,1000000" },
      keep: { type: "boolean", default: false },
    },
  });
  const sizes = values.sizes.split(",").map(Number);
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0)) throw new Error(USAGE);
  const measured: Measured[] = [];
  for (const size of sizes) measured.push(await measure(size));
  if (values.keep) await keep(measured);
}

await main();
