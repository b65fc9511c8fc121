// Kills the server at random moments while clients work, and verifies after every start that nothing acknowledged is lost
// and nothing else is half there. `--kills 200 --seed N --postgres`.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPostgres } from "../support/postgres.ts";
import { Random } from "./random.ts";
import { runRound } from "./round.ts";

/** Kills over one folder; then the next one begins empty, so that first starts are cut off as well. */
const KILLS_PER_ROUND = 20;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    postgres: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
console.log(`${kills} kills on ${values.postgres ? "PostgreSQL" : "SQLite"}, --seed ${values.seed}`);
const random = new Random(Number(values.seed));
const folder = await mkdtemp(join(tmpdir(), "supercargo-crash-"));
const begun = performance.now();
try {
  await using postgres = values.postgres ? await startPostgres() : undefined;
  for (let killed = 0; killed < kills; killed += KILLS_PER_ROUND) {
    const catalog = await postgres?.createDatabase();
    const round = { folder, catalog, random, kills: Math.min(KILLS_PER_ROUND, kills - killed) };
    const { acknowledged, resumed, revisions } = await runRound(round);
    const seconds = Math.round((performance.now() - begun) / 1_000);
    console.log(
      `${killed + round.kills} kills in ${seconds} s: ${acknowledged} changes acknowledged, ${resumed} uploads resumed, ${revisions} revisions`,
    );
  }
  await rm(folder, { recursive: true });
} catch (error) {
  console.error(`The data is left in ${folder}. Again: npm run test:crash -- --seed ${values.seed}`);
  throw error;
}
