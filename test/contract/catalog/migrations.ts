import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Engine } from "../../../src/catalog/engine.ts";
import { migrate } from "../../../src/catalog/migrations.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { borrowed, openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { manifest, push } from "./samples.ts";

const STEPS = [
  [
    `create table note (id {integer} primary key, said {text} not null)`,
    `insert into note values (1, 'one')`,
  ],
  [`alter table note add column more {text}`, `update note set more = 'two'`],
  [`insert into note values (3, 'three', 'four')`],
];

export function describeMigrations(newPlace: NewPlace): void {
  describe("the schema", () => {
    test("takes each step once, from whatever step it had come to", async () => {
      await using place = await newPlace();
      await using engine = await place.openEngine();
      await migrate(engine, STEPS.slice(0, 1));
      assert.deepEqual(await engine.all(`select * from note`), [{ id: 1, said: "one" }]);
      for (let again = 0; again < 2; again++) {
        await migrate(engine, STEPS);
        assert.deepEqual(await engine.all(`select * from note order by id`), [
          { id: 1, said: "one", more: "two" },
          { id: 3, said: "three", more: "four" },
        ]);
      }
      assert.deepEqual(await versions(engine), [3]);
    });

    test("stays at the step before when one fails, with nothing of it left", async () => {
      await using place = await newPlace();
      await using engine = await place.openEngine();
      const broken = [STEPS[0]!, [...STEPS[1]!, `insert into nowhere values (1)`]];
      await assert.rejects(migrate(engine, broken), /nowhere/);
      assert.deepEqual(await engine.all(`select * from note`), [{ id: 1, said: "one" }]);
      assert.deepEqual(await versions(engine), [1]);
    });

    test("is refused when a newer program has changed it, with a sentence that says what to do", async () => {
      await using place = await newPlace();
      {
        await using engine = await place.openEngine();
        await migrate(engine, STEPS);
        await assert.rejects(migrate(engine, STEPS.slice(0, 2)), {
          code: "CATALOG_NEWER",
          detail: { found: 3, known: 2 },
          message: /schema version 3, .* up to 2\. Start a newer Supercargo, or restore a backup/,
        });
      }
      {
        await using engine = await place.openEngine();
        await engine.run(`update schema_version set version = 1000`);
      }
      await assert.rejects(openCatalog(await place.openEngine()), { code: "CATALOG_NEWER" });
      // The refused engine was closed: the place can be opened again.
      await using engine = await place.openEngine();
      assert.deepEqual(await versions(engine), [1_000]);
    });

    test("is made once when several nodes start at the same time over an empty database", async () => {
      await using place = await newPlace();
      await using nodes = new AsyncDisposableStack();
      const engines = await Promise.all(Array.from({ length: place.nodes }, () => place.openEngine()));
      const catalogs = await Promise.all(
        engines.flatMap((engine) => [openCatalog(engine), openCatalog(borrowed(engine))]),
      );
      for (const catalog of catalogs) nodes.use(catalog);
      await Promise.all(catalogs.map((catalog, n) => push(catalog, { content: manifest(`${n}`) })));
      assert.equal((await readLog(catalogs[0]!)).length, catalogs.length + 1);
    });

    test("is left alone when it is up to date", async () => {
      await using opened = await openNew(newPlace);
      await push(opened.catalog, { content: manifest("a") });
      await using again = await openCatalog(borrowed(opened.engine));
      assert.equal((await again.bounds()).revision, 2);
    });
  });
}

function versions(engine: Engine): Promise<number[]> {
  return engine
    .all<{ version: number }>(`select version from schema_version`)
    .then((rows) => rows.map((row) => row.version));
}
