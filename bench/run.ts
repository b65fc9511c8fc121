/**
 * The budgets of DESIGN §5 that apply so far, measured side by side: ours and Debian's docker-registry on the same
 * machine, with the same client, in the same minutes, one round here, one there. A shared machine is never quiet, so
 * ratios within a run count, not figures between runs.
 */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { blobPull } from "./blob-pull.ts";
import { blobPush } from "./blob-push.ts";
import { idleMemory } from "./idle-memory.ts";
import { manifestGet } from "./manifest-get.ts";
import { DOCKER_REGISTRY, Registry, SUPERCARGO } from "./registries.ts";
import { DURABILITY, formatTable, isHeld, keepResult, type Outcome, spreadOf } from "./result.ts";
import { FULL, QUICK, type Row, type Sizes } from "./row.ts";
import { smallPush } from "./small-push.ts";
import { start } from "./start.ts";
import { uploadMemory } from "./upload-memory.ts";

const ROWS: readonly Row[] = [blobPush, blobPull, smallPush, manifestGet, start, idleMemory, uploadMemory];

const USAGE = `npm run bench -- [options]
  --only ROW,…   only these: ${ROWS.map((row) => row.id).join(", ")}
  --quick        small sizes, to try the bench itself
  --runs N       rounds per row, instead of each row's own number
  --noise        docker-registry on both sides: how far from 1 the ratios of this machine stray
  --strict       exit code 1 when a budget is not held
A complete run of ours against theirs is kept in bench/results/.`;

interface Options {
  readonly rows: readonly Row[];
  readonly sizes: Sizes;
  readonly runs: number | undefined;
  readonly noise: boolean;
  readonly strict: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      noise: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
    },
  });
  const ids = values.only?.split(",") ?? ROWS.map((row) => row.id);
  const unknown = ids.filter((id) => !ROWS.some((row) => row.id === id));
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(", ")}.\n${USAGE}`);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new Error(`--runs ${values.runs} is no number of rounds.`);
  const rows = ROWS.filter((row) => ids.includes(row.id));
  return { rows, sizes: values.quick ? QUICK : FULL, runs, noise: values.noise, strict: values.strict };
}

async function measureRow(row: Row, options: Options): Promise<Outcome> {
  const { sizes } = options;
  await using ours = await Registry.open(options.noise ? DOCKER_REGISTRY : SUPERCARGO);
  await using theirs = await Registry.open(DOCKER_REGISTRY);
  const figures = { ours: [] as number[], theirs: [] as number[] };
  await row.prepare?.(ours, sizes);
  await row.prepare?.(theirs, sizes);
  for (let round = 0; round < (options.runs ?? row.runs); round += 1) {
    figures.ours.push(await measureQuietly(row, ours, { sizes, round }));
    figures.theirs.push(await measureQuietly(row, theirs, { sizes, round }));
  }
  const spreads = {
    ours: spreadOf(figures.ours),
    theirs: spreadOf(figures.theirs),
    ratio: spreadOf(figures.ours.map((figure, round) => figure / (figures.theirs[round] ?? Number.NaN))),
  };
  const { id, title, unit, budget } = row;
  return { id, title, unit, budget, ...spreads, held: isHeld(budget, spreads.ours, spreads.ratio) };
}

/** The disk first finishes what the other registry left to write. */
async function measureQuietly(
  row: Row,
  registry: Registry,
  at: { sizes: Sizes; round: number },
): Promise<number> {
  await promisify(execFile)("sync");
  const figure = await row.measure(registry, at.sizes, at.round);
  process.stderr.write(
    `${row.id} round ${at.round + 1}: ${registry.kind.name} ${figure.toFixed(1)} ${row.unit}\n`,
  );
  return figure;
}

async function main(): Promise<void> {
  const options = parseOptions();
  const outcomes: Outcome[] = [];
  for (const row of options.rows) outcomes.push(await measureRow(row, options));
  process.stdout.write(`${formatTable(outcomes)}\n${DURABILITY}\n`);
  const complete = options.rows.length === ROWS.length && options.sizes === FULL && !options.noise;
  if (complete) process.stderr.write(`Kept as ${await keepResult(outcomes)}.md and .json\n`);
  if (options.strict && outcomes.some((outcome) => !outcome.held)) process.exitCode = 1;
}

await main();
