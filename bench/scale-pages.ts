import { readFile } from "node:fs/promises";
import { Connection, expectStatus } from "./connection.ts";
import { spreadOf } from "./result.ts";
import { BEGIN, END, FLAT, nameOf, type Size } from "./scale-content.ts";

/** Pages in a row that are timed at each place of a list: each another one, so that none comes from a cache. */
const PAGES_TIMED = 450;
/** How often a list that has not so many is gone through for them, each time with another size of its first page. */
const TURNS_MAX = 40;
/** What the kernel counts processor time in. */
const TICK_MS = 10;
/** Items on a page that is timed, and on one that leads to a place. */
const ITEMS = 100;
const ITEMS_WALKED = 1_000;
/** The deep place, in pages of {@link ITEMS}; and the one half way to it or to the list's end. */
const DEEP_PAGE = 10_000;
/** Items from which on a list has a middle and an end of its own. */
const LONG = 4 * PAGES_TIMED * ITEMS;

/** A list to be measured. */
export type List = { readonly id: string; readonly path: string };

/** A place in a list. */
export type Place = {
  readonly list: List;
  readonly name: "first" | "middle" | "deep";
  /** How many items come before. */
  readonly offset: number;
  /** The path of the first page; of the list's beginning there is none. */
  readonly start: string | undefined;
};

/** Milliseconds that pages took at the client, at one place of a list. */
export type Times = {
  readonly pages: number;
  /** The median when they were asked for the first time, as `p50` when they were for the second. */
  readonly once: number;
  readonly p50: number;
  readonly p99: number;
  /** What a page took of the server's processor time, which others at work on the machine do not lengthen much. */
  readonly cpu: number;
};

/** The times at a place. */
export type Figures = Times & {
  readonly id: string;
  readonly place: Place["name"];
  readonly offset: number;
};

/** Orders of each list, save that by name. */
const ORDERS = {
  repositories: ["created", "updated", "size", "pulled"],
  tags: ["created", "updated", "size", "imageSize", "pulled", "semver"],
  manifests: ["created", "size", "imageSize", "pulled"],
  namespaces: ["created", "updated"],
} as const;

/** Lists that are measured at their beginning, half way, and where page 10,000 is or the list ends. */
export function listsOf(size: Size): List[] {
  const lists: List[] = [];
  const add = (id: string, path: string): number => lists.push({ id, path });
  for (const [kind, orders] of Object.entries(ORDERS)) {
    // Of the root there are few: the flat ones and the organizations. Of a flat one there are many.
    const under = kind === "namespaces" ? `under=${FLAT[0]}&` : "";
    add(`${kind} by name`, `/v2/_supercargo/${kind}?${under}`);
    for (const order of orders)
      add(`${kind} by ${order}`, `/v2/_supercargo/${kind}?${under}orderBy=${order}&`);
  }
  add("namespaces of the root", "/v2/_supercargo/namespaces?");
  for (const kind of ["repositories", "tags", "manifests"]) {
    add(`${kind} under a flat namespace`, `/v2/_supercargo/${kind}?under=${FLAT[0]}&`);
  }
  // The very first one is empty.
  const large = nameOf(1, size);
  add("tags of a repository with many", `/v2/${large}/_supercargo/tags?`);
  add("tags of it by updated", `/v2/${large}/_supercargo/tags?orderBy=updated&`);
  add("tags/list of it", `/v2/${large}/tags/list?`);
  add("_catalog", "/v2/_catalog?");
  return lists;
}

/** Filters: what they find is rare or frequent. Measured at the beginning, page by page. */
export function filtersOf(size: Size): List[] {
  const late = new Date(END - (END - BEGIN) / 1_000).toISOString();
  const filters = {
    "repositories, rare: empty": "repositories?empty=true&",
    "repositories, rare: changed lately, by size": `repositories?createdSince=${late}&orderBy=size&`,
    "repositories, frequent: depth": "repositories?depth=2&",
    "repositories below a small namespace, by size": `repositories?under=${nameOf(size.repositories - 1, size).split("/")[0]}&orderBy=size&`,
    "tags, rare: charts": "tags?class=chart&",
    "tags, rare: charts, by updated": "tags?class=chart&orderBy=updated&",
    "tags, rare: label": "tags?label=team=rare&",
    "tags, rare: artifact type":
      "tags?artifactType=application/vnd.cncf.helm.config.v1%2Bjson&orderBy=updated&",
    "tags, frequent: images": "tags?class=image&",
    "tags, frequent: images, by updated": "tags?class=image&orderBy=updated&",
    "tags, frequent: platform": "tags?platform=linux/amd64&orderBy=updated&",
    "tags, frequent: label": "tags?label=team=frequent&orderBy=size&",
    "tags, frequent: name": "tags?tag=latest&",
    "tags, rare: name": "tags?tag=39.0.*&",
    "manifests, rare: untagged": "manifests?tagged=false&",
    "manifests, rare: signatures": "manifests?class=signature&orderBy=created&",
    "manifests, rare: label": "manifests?label=team=rare&orderBy=size&",
    "manifests, frequent: platform": "manifests?platform=linux/arm64&orderBy=created&",
    "manifests, frequent: annotation": "manifests?annotation=org.opencontainers.image.vendor=Example&",
  };
  return Object.entries(filters).map(([id, path]) => ({ id, path: `/v2/_supercargo/${path}` }));
}

/** A server that is measured. It is asked on a connection of its own each time: one that waits for others is closed. */
export type Server = { readonly port: number; readonly pid: number };

/** Where a list is timed that has no filter: at its beginning, and if it is long, half way and deep in it. */
export async function placesIn({ port }: Server, list: List): Promise<Place[]> {
  using connection = await Connection.open(port);
  const total = await lengthUpTo(connection, list, DEEP_PAGE * ITEMS);
  if (total < LONG) return [beginningOf(list)];
  const middle = await walk(connection, beginningOf(list), Math.floor(total / 2));
  const deep = await walk(connection, middle, total - PAGES_TIMED * ITEMS);
  return [beginningOf(list), { ...middle, name: "middle" }, { ...deep, name: "deep" }];
}

export function beginningOf(list: List): Place {
  return { list, name: "first", offset: 0, start: undefined };
}

async function walk(connection: Connection, from: Place, goal: number): Promise<Place> {
  let { offset, start } = from;
  for (; offset + ITEMS_WALKED <= goal; offset += ITEMS_WALKED) {
    start = (await get(connection, start ?? `${from.list.path}n=${ITEMS_WALKED}`, ITEMS_WALKED)).next;
    if (start === undefined) throw new Error(`${from.list.path} ends before item ${goal}.`);
  }
  return { ...from, offset, start };
}

/** Times pages at a place: they are asked for twice. */
export async function timePlace({ port, pid }: Server, place: Place): Promise<Times> {
  using connection = await Connection.open(port);
  const { p50: once } = await timePages(connection, place);
  const before = await processorMs(pid);
  const times = await timePages(connection, place);
  return { once, cpu: ((await processorMs(pid)) - before) / times.pages, ...times };
}

/** Of several rounds through all places the middle one of each figure; pages are new in the first one alone. */
export function middleOf(place: Place, rounds: readonly Times[]): Figures {
  const { list, name, offset } = place;
  const middle = (figure: (times: Times) => number): number => spreadOf(rounds.map(figure)).median;
  return {
    id: list.id,
    place: name,
    offset,
    pages: middle(({ pages }) => pages),
    once: rounds[0]?.once ?? Number.NaN,
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    cpu: middle(({ cpu }) => cpu),
  };
}

/** How many items a list has, if not more than `most`. */
async function lengthUpTo(connection: Connection, list: List, most: number): Promise<number> {
  let length = 0;
  for (let path: string | undefined = `${list.path}n=${ITEMS_WALKED}`; path !== undefined && length < most;) {
    path = (await get(connection, path, ITEMS_WALKED)).next;
    length += ITEMS_WALKED;
  }
  return length;
}

/** Processor time of a process so far, in milliseconds. Linux only. */
async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function timePages(
  connection: Connection,
  { list, start }: Place,
): Promise<{ pages: number; p50: number; p99: number }> {
  const times: number[] = [];
  let path = start;
  for (let turn = 0; times.length < PAGES_TIMED && turn < TURNS_MAX;) {
    const answer = await get(connection, path ?? `${list.path}n=${ITEMS + turn}`, path ? ITEMS : undefined);
    times.push(answer.milliseconds);
    path = answer.next;
    if (path !== undefined) continue;
    turn++;
    path = start;
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { pages: times.length, p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Asks for a page, with another number of items if one is given. Gives the path of the next one. */
export async function get(
  connection: Connection,
  path: string,
  items?: number,
): Promise<{ milliseconds: number; next: string | undefined }> {
  const asked = items === undefined ? path : path.replace(/([?&]n)=\d+/, `$1=${items}`);
  const begun = performance.now();
  const answer = await connection.ask({ method: "GET", path: asked });
  const milliseconds = performance.now() - begun;
  expectStatus(answer, 200, asked);
  return { milliseconds, next: /<([^>]*)>/.exec(answer.header("Link") ?? "")?.[1] };
}

/** Reads all names of repositories, a thousand at a time. Gives the seconds, and how many pages it took. */
export async function crawl(
  connection: Connection,
  path: string,
): Promise<{ seconds: number; pages: number }> {
  const begun = performance.now();
  let pages = 0;
  for (let next: string | undefined = path; next !== undefined; pages++)
    next = (await get(connection, next)).next;
  return { seconds: (performance.now() - begun) / 1_000, pages };
}
