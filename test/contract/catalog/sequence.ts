import type { Catalog, Revision } from "../../../src/catalog/catalog.ts";
import type { Engine } from "../../../src/catalog/engine.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { borrowed, openNew, type NewPlace } from "./place.ts";
import { follow, readLog } from "./reading.ts";
import { manifest, ORIGIN, push, V1 } from "./samples.ts";

const WRITERS = 16;
const MOVES_EACH = 20;

/**
 * PostgreSQL with a sequence in place of the clock: what most event tables do, and what our promise does not survive. The
 * number is taken as late as the clock's is, but nobody waits for anybody, so commits come in another order.
 */
async function withSequence(engine: Engine): Promise<Engine> {
  await engine.run(`create sequence revisions`);
  await engine.run(`select setval('revisions', (select revision from clock))`);
  // Where the log ends, such a log cannot say; readers need to be told something.
  await engine.run(`update clock set revision = 1000000`);
  return borrowed(engine, {
    transaction: (change) =>
      engine.transaction((tx) =>
        change({
          run: (sql, values) => tx.run(sql, values),
          all: (sql, values) =>
            sql.startsWith("update clock set revision")
              ? tx.all(
                  `select nextval('revisions') as revision, cast(? as bigint) as time`,
                  values?.slice(1, 2),
                )
              : tx.all(sql, values),
        }),
      ),
  });
}

/** What a reader saw of the log of a catalog whose revisions come from a sequence, and what was in it when all was over. */
export async function followSequence(
  newPlace: NewPlace,
): Promise<{ from: Revision; seen: readonly Revision[]; written: readonly Revision[] }> {
  await using opened = await openNew(newPlace);
  const repositories = Array.from({ length: WRITERS }, (_, n) => parseName(`writer-${n}`));
  const contents = [manifest("a"), manifest("b")] as const;
  for (const repository of repositories) {
    for (const content of contents) await push(opened.catalog, { repository, content, tags: [V1] });
  }
  const from = (await opened.catalog.bounds()).revision;
  const catalog = await openCatalog(await withSequence(opened.engine));
  const moveAlone = async (writer: number): Promise<void> => {
    for (let move = 0; move < MOVES_EACH; move++) await moveTag(catalog, { writer, move });
  };
  const moveTag = (node: Catalog, { writer, move }: { writer: number; move: number }): Promise<void> =>
    node.write(repositories[writer]!, ORIGIN, (tx) => tx.setTag(V1, contents[move % 2]!.digest));
  const work = Promise.all(repositories.map((_, writer) => moveAlone(writer)));
  const [seen] = await Promise.all([follow(catalog, { after: from, limit: 100, work }), work]);
  const written = (await readLog(catalog, { after: from })).map((event) => event.revision);
  return { from, seen, written };
}
