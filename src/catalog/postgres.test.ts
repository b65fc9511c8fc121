import { after } from "node:test";
import { describeCatalog } from "../../test/contract/catalog.ts";
import type { Place } from "../../test/contract/catalog/place.ts";
import { startPostgres } from "../../test/support/postgres.ts";
import { openPostgres } from "./postgres.ts";

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

async function newPlace(): Promise<Place> {
  const url = await server.createDatabase();
  return { openEngine: () => openPostgres(url), nodes: 3, [Symbol.asyncDispose]: () => Promise.resolve() };
}

describeCatalog("PostgreSQL", newPlace);
