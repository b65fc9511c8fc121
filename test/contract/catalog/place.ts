import type { Engine } from "../../../src/catalog/engine.ts";
import { openCatalog, type Limits, type WholeCatalog } from "../../../src/catalog/sql-catalog.ts";

/** Where one test's database is. It begins empty, and what is written stays until the place is disposed of. */
export type Place = AsyncDisposable & {
  openEngine(): Promise<Engine>;
  /** How many may have it open at the same time. */
  readonly nodes: number;
};

export type NewPlace = () => Promise<Place>;

/** A catalog in a place of its own, and the engine below it for looking at rows that the catalog shows to nobody yet. */
export type Opened = AsyncDisposable & {
  readonly place: Place;
  readonly engine: Engine;
  readonly catalog: WholeCatalog;
  /** As many catalogs over this place as it allows; the one above is the first. */
  readonly nodes: readonly WholeCatalog[];
};

/** Opens catalogs in a new place: one, or as many as it allows for a test of several nodes. The first looks as far as the limits say. */
export async function openNew(newPlace: NewPlace, options: Limits & { nodes?: "all" } = {}): Promise<Opened> {
  const opened = new AsyncDisposableStack();
  try {
    const place = opened.use(await newPlace());
    const engine = await place.openEngine();
    const catalog = opened.use(await openCatalog(engine, options));
    const nodes = [catalog];
    while (options.nodes === "all" && nodes.length < place.nodes) {
      nodes.push(opened.use(await openCatalog(await place.openEngine())));
    }
    return {
      place,
      engine,
      catalog,
      nodes,
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** An engine for one who does not own it and so does not close it; with some of its ways changed. */
export function borrowed(engine: Engine, changes: Partial<Engine> = {}): Engine {
  return {
    types: engine.types,
    bulk: engine.bulk,
    using: (index) => engine.using(index),
    again: engine.again,
    defers: engine.defers,
    nests: engine.nests,
    parts: engine.parts,
    snapshot: (read) => engine.snapshot(read),
    like: (text, glob) => engine.like(text, glob),
    sees: (name, view) => engine.sees(name, view),
    all: (sql, values) => engine.all(sql, values),
    run: (sql, values) => engine.run(sql, values),
    lock: (tx, key) => engine.lock(tx, key),
    last: (tx, rest) => engine.last(tx, rest),
    announce: (tx) => engine.announce(tx),
    listen: (hint) => engine.listen(hint),
    transaction: (change) => engine.transaction(change),
    ...changes,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
