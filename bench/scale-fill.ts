import { fillCatalog } from "../src/catalog/bulk.ts";
import { openSqliteFilling } from "../src/catalog/bulk-sqlite.ts";
import type { Catalog } from "../src/catalog/catalog.ts";
import type { Engine } from "../src/catalog/engine.ts";
import { openPostgres } from "../src/catalog/postgres.ts";
import { openCatalog } from "../src/catalog/sql-catalog.ts";
import { openSqlite } from "../src/catalog/sqlite.ts";
import { END, RARE_EVERY, repositoriesOf, type Size } from "./scale-content.ts";

/** Where a catalog is: a folder, or the URL of a PostgreSQL database. */
export type CatalogPlace = { readonly folder: string; readonly url?: string | undefined };

const ORIGIN = { actor: "bench", requestId: "fill" };
const PROGRESS_EVERY = 100_000;

/** Fills an empty catalog through its bulk interface; gives the seconds that took. */
export async function fill(place: CatalogPlace, size: Size): Promise<number> {
  const begun = performance.now();
  if (place.url === undefined) {
    await using filling = await openSqliteFilling(place.folder);
    await fillCatalog(filling, watched(size), ORIGIN);
    await filling.keep();
  } else {
    await using engine = await openPostgres(place.url);
    await fillCatalog(engine, watched(size), ORIGIN);
    // As autovacuum leaves it after a while.
    await engine.run("vacuum");
  }
  const seconds = (performance.now() - begun) / 1_000;
  await using catalog = await openCatalog(await openEngine(place));
  await live(catalog, size);
  return seconds;
}

function openEngine({ folder, url }: CatalogPlace): Promise<Engine> {
  return url === undefined ? openSqlite(folder) : openPostgres(url);
}

function* watched(size: Size): ReturnType<typeof repositoriesOf> {
  let done = 0;
  for (const repository of repositoriesOf(size)) {
    yield repository;
    if (++done % PROGRESS_EVERY === 0) process.stderr.write(`${done} of ${size.repositories} repositories\n`);
  }
}

/** What only life brings: some were pulled, and some are empty. */
async function live(catalog: Catalog, size: Size): Promise<void> {
  let position = 0;
  for (const repository of repositoriesOf(size)) {
    position++;
    if (position % RARE_EVERY === 0) {
      const [{ content }] = repository.manifests as [(typeof repository.manifests)[number]];
      await catalog.notePulls([
        { repository: repository.name, digest: content.digest, time: new Date(END + position) },
      ]);
    }
    if (position % RARE_EVERY === 1) {
      await catalog.write(repository.name, ORIGIN, async (tx) => {
        for (const manifest of repository.manifests) await tx.deleteManifest(manifest.content.digest);
      });
    }
  }
}
