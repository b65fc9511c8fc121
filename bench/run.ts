/**
 * The budgets of DESIGN §5 that apply so far, measured side by side: ours and Debian's docker-registry on the same
 * machine, with the same client, in the same minutes, one round here, one there. A shared machine is never quiet, so
 * ratios within a run count, not figures between runs.
 */
import { parseArgs } from "node:util";
import { blobPull } from "./blob-pull.ts";
import { blobPush } from "./blob-push.ts";
import { idleMemory } from "./idle-memory.ts";
import { manifestGet } from "./manifest-get.ts";
import { isQuiet } from "./quiet.ts";
import { DOCKER_REGISTRY, Registry, SUPERCARGO } from "./registries.ts";
import { DURABILITY, formatTable, isHeld, keepResult, type Outcome, spreadOf } from "./result.ts";
import { FULL, QUICK, type Row, type Sizes } from "./row.ts";
import { smallPush } from "./small-push.ts";
import { start } from "./start.ts";
import { uploadMemory } from "./upload-memory.ts";

const ROWS: readonly Row[] = [blobPush, blobPull, smallPush, manifestGet, start, idleMemory, uploadMemory];

/** How long a round waits for others to finish what they do on this machine. */
const QUIET_MS_MAX = 5_000;

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
  const runs = options.runs ?? row.runs;
  await using ours = await Registry.open(options.noise ? DOCKER_REGISTRY : SUPERCARGO);
  await using theirs = await Registry.open(DOCKER_REGISTRY);
  const figures = { ours: [] as number[], theirs: [] as number[] };
  let disturbed = 0;
  await row.prepare?.(ours, sizes);
  await row.prepare?.(theirs, sizes);
  for (let round = 0; round < runs; round += 1) {
    for (const [side, registry] of [["ours", ours] as const, ["theirs", theirs] as const]) {
      if (!(await isQuiet(QUIET_MS_MAX))) disturbed += 1;
      const figure = await row.measure(registry, sizes, round);
      figures[side].push(figure);
      process.stderr.write(
        `${row.id} ${round + 1}/${runs}: ${registry.kind.name} ${figure.toFixed(1)} ${row.unit}\n`,
      );
    }
  }
  const spreads = {
    ours: spreadOf(figures.ours),
    theirs: spreadOf(figures.theirs),
    ratio: spreadOf(figures.ours.map((figure, round) => figure / (figures.theirs[round] ?? Number.NaN))),
  };
  const { id, title, unit, budget } = row;
  const held = isHeld(budget, spreads.ours, spreads.ratio);
  return { id, title, unit, budget, ...spreads, held, disturbed: disturbed / (2 * runs) };
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
