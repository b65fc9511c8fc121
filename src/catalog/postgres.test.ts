import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import pg from "pg";
import { describeCatalog } from "../../test/contract/catalog.ts";
import { describePlans, ONE_ROW } from "../../test/contract/catalog/plans.ts";
import type { Place } from "../../test/contract/catalog/place.ts";
import { openNew } from "../../test/contract/catalog/place.ts";
import { assertUnbroken, readLog } from "../../test/contract/catalog/reading.ts";
import { APP, blob, byTag, manifest, ORIGIN, OTHER, push, V1 } from "../../test/contract/catalog/samples.ts";
import { followSequence } from "../../test/contract/catalog/sequence.ts";
import { startPostgres } from "../../test/support/postgres.ts";
import { RegistryError } from "../errors.ts";
import { parseName } from "../oci/name.ts";
import { openPostgres } from "./postgres.ts";
import { openCatalog } from "./sql-catalog.ts";

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

async function newPlace(): Promise<Place> {
  const url = await server.createDatabase();
  return { openEngine: () => openPostgres(url), nodes: 3, [Symbol.asyncDispose]: () => Promise.resolve() };
}

describeCatalog("PostgreSQL", newPlace);

type Plan = {
  readonly "Node Type": string;
  readonly "Index Cond"?: string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
};

describePlans(newPlace, async (engine) => {
  // As autovacuum leaves the tables, whenever it comes by: it makes plans cheap that were not before.
  await engine.run("vacuum analyze");
  return async (sql, values) => {
    const [row] = await engine.all<{ "QUERY PLAN": [{ Plan: Plan }] }>(
      `explain (format json) ${sql}`,
      values,
    );
    return row ? scansIn(row["QUERY PLAN"][0].Plan) : [];
  };
});

/** Indexes of nothing but the few rows that are asked for by them, which are counted before they are read. */
const OF_FEW: readonly string[] = ["repository_empty", "manifest_untagged"];

const REPOSITORY_CONDITION = /^\(repository = '[^()]*\)$/;

function scansIn(plan: Plan): string[] {
  const { "Node Type": type, "Relation Name": relation = "", "Index Cond": condition } = plan;
  const index = plan["Index Name"] ?? "";
  const scans = (plan.Plans ?? []).flatMap(scansIn);
  if (!/^(Seq|Index|Index Only|Bitmap Index) Scan$/.test(type) || ONE_ROW.includes(relation)) return scans;
  if (OF_FEW.includes(index)) return scans;
  if (condition !== undefined && !REPOSITORY_CONDITION.test(condition)) return scans;
  return [...scans, `${type} of ${relation} ${index} ${condition ?? ""}`];
}

/** Times the reader of a sequence is given a chance to miss something. The first has always been enough. */
const ROUNDS_MAX = 10;

test("the suite catches revisions that come from a sequence", async (t) => {
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { from, seen, written } = await followSequence(newPlace);
    // All are in the log, once and without a gap: only who reads while others write can tell.
    assertUnbroken(written, { after: from, last: from + written.length });
    if (seen.length === written.length) continue;
    assert.throws(
      () => assertUnbroken(seen, { after: from, last: from + written.length }),
      assert.AssertionError,
    );
    t.diagnostic(`The reader missed ${written.length - seen.length} of ${written.length} events for ever.`);
    return;
  }
  assert.fail("the reader missed nothing; is there another lock that puts commits in order?");
});

describe("PostgreSQL alone", () => {
  test("says who has to do what when search's extension cannot be made, and opens once it is there", async () => {
    const url = await server.createDatabase();
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    try {
      await admin.query(`create role guest login password 'guest'; grant all on schema public to guest`);
      const guest = Object.assign(new URL(url), { username: "guest", password: "guest" });
      await assert.rejects(openPostgres(guest.href).then(openCatalog), {
        code: "DATA_UNUSABLE",
        message:
          /extension pg_trgm in the catalog database: .* let an administrator run "create extension pg_trgm"/,
      });
      await admin.query("create extension pg_trgm");
      await using catalog = await openPostgres(guest.href).then(openCatalog);
      assert.deepEqual((await catalog.search({ words: ["a"], selector: {}, limit: 1 })).items, []);
    } finally {
      await admin.end();
    }
  });

  test("stops a statement of a search that takes too long, and goes on with others", async () => {
    await using engine = await openPostgres(await server.createDatabase());
    const sleep = engine.snapshot((database) => database.all("select pg_sleep(60)"));
    await assert.rejects(sleep, { code: "UNAVAILABLE", message: /takes too long .* Ask for less/ });
    assert.deepEqual(await engine.all("select 1 as one"), [{ one: 1 }]);
  });

  test("lets writes to different repositories go on at the same time", async () => {
    await using opened = await openNew(newPlace);
    const { catalog } = opened;
    await catalog.write(APP, ORIGIN, async (tx) => {
      await tx.putManifest(manifest("a"));
      await push(catalog, { repository: OTHER, content: manifest("b") });
      assert.equal(await catalog.hasRepository(OTHER), true);
    });
    assert.equal((await readLog(catalog))[0]?.repository, OTHER);
  });

  test("tries a transaction again when another gets in its way, and gives up in the end", async () => {
    await using engine = await openPostgres(await server.createDatabase());
    const conflict = `do $$ begin raise exception 'in the way' using errcode = '40001'; end $$`;
    let attempts = 0;
    const result = await engine.transaction(async (tx) => {
      if (++attempts < 4) await tx.run(conflict);
      return attempts;
    });
    assert.equal(result, 4);
    await assert.rejects(
      engine.transaction(async (tx) => {
        attempts++;
        await tx.run(conflict);
      }),
      { code: "40001" },
    );
    assert.ok(attempts > 5 && attempts < 100);
  });

  test("resolves a deadlock", async () => {
    await using engine = await openPostgres(await server.createDatabase());
    let waiting = 0;
    const { promise: bothWait, resolve } = Promise.withResolvers<void>();
    const lockBoth = (keys: readonly [string, string]): Promise<void> =>
      engine.transaction(async (tx) => {
        await engine.lock(tx, keys[0]);
        if (++waiting === 2) resolve();
        await bothWait;
        await engine.lock(tx, keys[1]);
      });
    await Promise.all([lockBoth(["a", "b"]), lockBoth(["b", "a"])]);
    assert.equal(waiting, 3);
  });

  test("never has two pushes wait for each other, whatever they share", async () => {
    const url = await server.createDatabase();
    const config = blob("config");
    const contents = Array.from({ length: 6 }, (_, n) => manifest(`${n}`, { config }));
    {
      await using catalog = await openCatalog(await openPostgres(url));
      const pushAll = (n: number): Promise<unknown> =>
        Promise.all(
          contents.map((content, c) =>
            catalog.write(parseName(`r${n}-${c}`), ORIGIN, (tx) =>
              tx.putManifest(content, n % 3 === 0 ? undefined : { labels: { n: `${n}` } }),
            ),
          ),
        );
      for (let round = 0; round < 5; round++) {
        await Promise.all([0, 1, 2].map((n) => pushAll(round * 3 + n)));
      }
    }
    // Sessions have reported what they met by the time they have ended.
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const { rows } = await admin.query(
      `select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()`,
    );
    await admin.end();
    assert.deepEqual(rows, [{ deadlocks: 0 }]);
  });

  test("answers more different statements than it keeps prepared", async () => {
    await using engine = await openPostgres(await server.createDatabase());
    for (let n = 0; n < 600; n++) {
      assert.deepEqual(await engine.all(`select ${n} + cast(? as bigint) as sum`, [n]), [{ sum: n * 2 }]);
    }
  });

  test("says UNAVAILABLE while the server is away, loses nothing, and goes on when it is back", async () => {
    const url = await server.createDatabase();
    await using catalog = await openCatalog(await openPostgres(url));
    const content = manifest("a");
    await push(catalog, { content, tags: [V1] });
    const unavailable = { name: "RegistryError", code: "UNAVAILABLE" };
    const broken = catalog.write(APP, ORIGIN, async (tx) => {
      await tx.putManifest(manifest("b"));
      await server.stop();
      await tx.hasManifest(content.digest);
    });
    try {
      await assert.rejects(broken, unavailable);
      await assert.rejects(catalog.findManifest(APP, byTag(V1)), unavailable);
      await assert.rejects(push(catalog, { content: manifest("c") }), unavailable);
      await assert.rejects(openPostgres(url), { code: "CATALOG_UNREACHABLE", message: /Check --catalog/ });
    } finally {
      await server.start();
    }
    assert.equal((await catalog.findManifest(APP, byTag(V1)))?.digest, content.digest);
    assert.equal((await readLog(catalog)).length, 3);
    await push(catalog, { content: manifest("c") });
    assert.equal((await readLog(catalog)).length, 4);
  });

  test("outlives the loss of every connection it has", async () => {
    const url = await server.createDatabase();
    await using catalog = await openCatalog(await openPostgres(url));
    await Promise.all(Array.from({ length: 20 }, (_, n) => push(catalog, { content: manifest(`${n}`) })));
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const ended = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await admin.end();
    assert.ok((ended.rowCount ?? 0) > 1);
    await until(() => catalog.hasRepository(APP));
    assert.equal((await readLog(catalog)).length, 21);
  });

  test("is refused when it is not there, with what to check", async () => {
    const elsewhere = new URL("nowhere", server.url).href;
    await assert.rejects(openPostgres(elsewhere), {
      code: "CATALOG_UNREACHABLE",
      message: /database "nowhere" does not exist.*Check --catalog/,
    });
  });
});

/** Waits until an answer comes instead of UNAVAILABLE. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await ask().catch((error: unknown) => {
      if (!(error instanceof RegistryError && error.code === "UNAVAILABLE")) throw error;
    });
    if (answer) return;
  }
  assert.fail("it never answered again");
}
