import { after } from "node:test";
import { describeCatalog } from "../../test/contract/catalog.ts";
import { describePlans, ONE_ROW } from "../../test/contract/catalog/plans.ts";
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

type Plan = { "Node Type": string; "Index Cond"?: string; "Relation Name"?: string; Plans?: Plan[] };

describePlans(newPlace, async (engine) => {
  await engine.run("analyze");
  return async (sql, values) => {
    const [row] = await engine.all<{ "QUERY PLAN": [{ Plan: Plan }] }>(
      `explain (format json) ${sql}`,
      values,
    );
    return row ? scansIn(row["QUERY PLAN"][0].Plan) : [];
  };
});

const REPOSITORY_CONDITION = /^\(repository = '[^()]*\)$/;

function scansIn(plan: Plan): string[] {
  const { "Node Type": type, "Relation Name": relation = "", "Index Cond": condition } = plan;
  const scans = (plan.Plans ?? []).flatMap(scansIn);
  if (!/^(Seq|Index|Index Only|Bitmap Index) Scan$/.test(type) || ONE_ROW.includes(relation)) return scans;
  if (condition !== undefined && !REPOSITORY_CONDITION.test(condition)) return scans;
  return [...scans, `${type} of ${relation} ${condition ?? ""}`];
}
