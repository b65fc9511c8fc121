import { RegistryError } from "../errors.ts";
import type { ColumnTypes, Engine, Queryable } from "./engine.ts";
import { FACTS_AND_LOG } from "./schema-facts.ts";
import { LISTS } from "./schema-lists.ts";
import { SEARCH } from "./schema-search.ts";
import { SHOWN } from "./schema-shown.ts";
import { SMALL_BLOBS } from "./schema-small-blobs.ts";
import { IN_ROW } from "./schema-in-row.ts";
import { MARKS } from "./schema-marks.ts";
import { BY_INDEX } from "./schema-by-index.ts";
import { SCATTERED } from "./schema-scattered.ts";
import { WEBHOOKS } from "./schema-webhooks.ts";

/** What a step does: statements, and where SQL cannot say it, functions. */
type Steps = readonly (readonly (string | ((tx: Queryable, engine: Engine) => Promise<void>))[])[];

/**
 * The schema, as forward steps: step n takes a database from version n to n + 1. A step that has been released is never
 * edited; what it got wrong, the next one mends.
 */
const STEPS: Steps = [
  FACTS_AND_LOG,
  LISTS,
  SEARCH,
  SHOWN,
  WEBHOOKS,
  SMALL_BLOBS,
  IN_ROW,
  MARKS,
  BY_INDEX,
  SCATTERED,
];

/**
 * Takes the steps that a database has not taken yet, each in a transaction of its own; safe when several nodes start at
 * once. `CATALOG_NEWER` when a program that knows more steps has been here.
 */
export async function migrate(engine: Engine, steps: Steps = STEPS): Promise<void> {
  while (await engine.transaction((tx) => migrateOnce(engine, tx, steps))) {
    // The next step.
  }
}

/** Takes one step; false when there is none left. */
async function migrateOnce(engine: Engine, tx: Queryable, steps: Steps): Promise<boolean> {
  await engine.lock(tx, "schema");
  await tx.run(`create table if not exists schema_version (version integer not null)`);
  const [row] = await tx.all<{ version: number }>(`select version from schema_version`);
  const version = row?.version ?? 0;
  if (version > steps.length) throw newer(version, steps.length);
  const step = steps[version];
  if (!step) return false;
  for (const part of step) {
    if (typeof part === "string") await tx.run(named(part, engine.types));
    else await part(tx, engine);
  }
  await tx.run(row ? `update schema_version set version = ?` : `insert into schema_version values (?)`, [
    version + 1,
  ]);
  return true;
}

/** Takes no step. `DATA_UNUSABLE` when there are steps to take, `CATALOG_NEWER` as {@link migrate}. */
export async function requireMigrated(engine: Queryable): Promise<void> {
  const version = await findVersion(engine);
  if (version > STEPS.length) throw newer(version, STEPS.length);
  if (version === STEPS.length) return;
  throw new RegistryError(
    "DATA_UNUSABLE",
    version === 0
      ? "There is no catalog in this database. Check --data and --catalog."
      : `The catalog has schema version ${version}, and this program needs ${STEPS.length}. Start the server once; it brings the catalog up to date.`,
  );
}

async function findVersion(engine: Queryable): Promise<number> {
  const rows = await engine
    .all<{ version: number }>(`select version from schema_version`)
    .catch((error: unknown) => {
      // Neither database has one word for "no such table"; an outage is a RegistryError by now.
      if (error instanceof RegistryError) throw error;
      return [];
    });
  return rows[0]?.version ?? 0;
}

function newer(found: number, known: number): RegistryError {
  return new RegistryError(
    "CATALOG_NEWER",
    `The catalog has schema version ${found}, but this program knows versions up to ${known}. ` +
      `Start a newer Supercargo, or restore a backup from before the upgrade.`,
    { detail: { found, known } },
  );
}

function named(statement: string, types: ColumnTypes): string {
  return statement
    .replaceAll("{integer}", types.integer)
    .replaceAll("{text}", types.text)
    .replaceAll("{bytes}", types.bytes)
    .replaceAll("{id}", types.id);
}
