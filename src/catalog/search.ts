import { setImmediate } from "node:timers/promises";
import { RegistryError } from "../errors.ts";
import type { Engine, Queryable } from "./engine.ts";
import type { Hit } from "./hits.ts";
import type { Position } from "./items.ts";
import { candidatesOf } from "./search-facts.ts";
import { comparePlaces, placeOf, type FoundPage, type Search } from "./search-found.ts";
import { hitsOf, ranked } from "./search-hits.ts";
import { listed } from "./search-listed.ts";

/** How long a search may take, in milliseconds. One statement more may run to its end. */
const SEARCH_MS_MAX = 2_000;

/**
 * One page of what is found. All pages are of the same candidates, found anew each time: those that changed since the first
 * page are shown as they were then. A search that takes longer than `ms` milliseconds finds nothing: what it has found by
 * then need not be the best.
 * @throws UNAVAILABLE when it takes too long
 */
export function search(
  engine: Engine,
  query: Search,
  ms: number = SEARCH_MS_MAX,
): Promise<{ readonly items: readonly Hit[]; readonly next?: Position | undefined }> {
  if (query.limit === 0) return Promise.resolve({ items: [] });
  return engine.snapshot(async (database) => {
    const reader = limited(engine, database, ms);
    const { found, next } =
      query.words.length === 0 ? await listed(reader, query) : await best(reader, query);
    return { items: await hitsOf(reader, query, found), next };
  });
}

async function best(engine: Engine, query: Search): Promise<FoundPage> {
  const all = await ranked(engine, query.words, await candidatesOf(engine, query));
  const places = new Map(all.map((each) => [each, placeOf(each)] as const));
  const { after, limit } = query;
  const ordered = [...places]
    .filter(([, place]) => after === undefined || comparePlaces(after, place) < 0)
    .toSorted(([, a], [, b]) => comparePlaces(a, b));
  return {
    found: ordered.slice(0, limit).map(([each]) => each),
    next: ordered.length > limit ? ordered[limit - 1]?.[1] : undefined,
  };
}

/** The engine, reading one state, for as long as a search may take. Between statements others have their turn. */
function limited(engine: Engine, database: Queryable, ms: number): Engine {
  const deadline = performance.now() + ms;
  return {
    types: engine.types,
    bulk: engine.bulk,
    parts: engine.parts,
    using: (index) => engine.using(index),
    again: engine.again,
    defers: engine.defers,
    nests: engine.nests,
    like: (text, glob) => engine.like(text, glob),
    sees: (name, view) => engine.sees(name, view),
    async all(sql, values) {
      await setImmediate();
      if (performance.now() > deadline) throw tooLong(ms);
      return database.all(sql, values);
    },
    run: (sql, values) => database.run(sql, values),
    transaction: (change) => engine.transaction(change),
    snapshot: (read) => engine.snapshot(read),
    lock: (tx, key) => engine.lock(tx, key),
    last: (tx, rest) => engine.last(tx, rest),
    announce: (tx) => engine.announce(tx),
    listen: (hint) => engine.listen(hint),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function tooLong(ms: number): RegistryError {
  return new RegistryError(
    "UNAVAILABLE",
    `The search takes longer than ${ms / 1_000} seconds. Give longer words, or say where to look by under: or ` +
      "repository:, or try again later.",
    { detail: { parameter: "q" } },
  );
}
