import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Random } from "./random.ts";
import { runRound } from "./round.ts";

/** Few, as every test run pays for them; `npm run test:crash` has the others. */
const KILLS = 8;

test("a server that is killed at any moment keeps all it has acknowledged, and nothing by halves", async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const folder = await mkdtemp(join(tmpdir(), "supercargo-crash-"));
  const { acknowledged, revisions } = await runRound({ folder, kills: KILLS, random: new Random(seed) });
  t.diagnostic(`${KILLS} kills, ${acknowledged} changes acknowledged, ${revisions} revisions`);
  await rm(folder, { recursive: true });
});
