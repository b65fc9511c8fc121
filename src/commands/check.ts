import { Command, Option } from "commander";
import type { Config } from "../config.ts";
import { RegistryError } from "../errors.ts";
import { check, type CheckOptions } from "../registry/check/check.ts";
import type { Finding, Report } from "../registry/check/report.ts";
import { openData } from "../data.ts";
import { addConfigOptions, configOf } from "./config-options.ts";

/** How long something that nobody needs is left alone after its last change, in milliseconds. */
const GARBAGE_AGE_MS = 3_600_000;

const EXAMPLES = `
Without --repair nothing is changed, and the server may be running. With it, every server of this catalog must be stopped.
Exit codes: 0 no fault, or all mended; 8 there are faults; 6 --repair while a server runs; 7 the data cannot be read.

Examples:
  supercargo check --data /var/lib/supercargo
  supercargo check --data /var/lib/supercargo --quick --output json
  supercargo check --data /var/lib/supercargo --repair`;

type Options = {
  readonly quick?: true;
  readonly repair?: true;
  readonly serversStopped?: true;
  readonly output: "table" | "json";
};

/** `supercargo check`: compares the data folder with its catalog, and the catalog with its log. */
export function checkCommand(): Command {
  const command = new Command("check")
    .description(
      "Verify the data: every blob against its digest, every manifest and tag, and the facts against the log.\n" +
        "docs/check.md explains each finding.",
    )
    .option("--quick", "compare only the sizes of blobs, do not read them")
    .option("--repair", "drop memberships of lost or damaged blobs, set damaged blobs aside, remove garbage")
    .option("--servers-stopped", "with --repair on PostgreSQL: confirms that no server uses this catalog")
    .addOption(
      new Option("-o, --output <format>", "what to print").choices(["table", "json"]).default("table"),
    )
    .addHelpText("after", EXAMPLES);
  return addConfigOptions(command, ["data", "catalog"]).action(async (options: Options) => {
    const { config } = await configOf(command);
    if (options.repair) requireNoServers(config, options);
    await using data = await openData(config, { write: options.repair === true });
    const report = await check(data, checkOptions(options));
    process.stdout.write(
      options.output === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : asTable(report),
    );
    if (!report.ok) throw failed(report, options);
  });
}

function checkOptions({ quick, repair }: Options): CheckOptions {
  return {
    hash: !quick,
    ...(repair && { repair: { garbageBefore: new Date(Date.now() - GARBAGE_AGE_MS) } }),
  };
}

/** A data folder has a lock; a database that several nodes may share does not say who uses it. */
function requireNoServers({ catalog }: Config, { serversStopped }: Options): void {
  if (catalog === undefined || serversStopped) return;
  throw new RegistryError(
    "CONFIG_INVALID",
    "On PostgreSQL nobody can see whether other servers use the catalog. Stop them all, then add --servers-stopped to --repair.",
  );
}

function failed({ counts, faults }: Report, { repair }: Options): RegistryError {
  const kinds = new Set(faults.map(({ kind }) => kind));
  const left = [...kinds].reduce(
    (sum, kind) => sum + (counts[kind]?.found ?? 0) - (counts[kind]?.repaired ?? 0),
    0,
  );
  const advice = repair
    ? "What is left cannot be mended without guessing: docs/check.md says what can be done"
    : "--repair mends what can be mended safely";
  return new RegistryError(
    "CHECK_FAILED",
    `The check found ${left} fault${left === 1 ? "" : "s"}. ${advice}.`,
  );
}

function asTable({ revision, oldest, checked, counts, faults, information }: Report): string {
  const lines = [
    `revisions ${oldest} to ${revision}, events: ${checked.events}`,
    `repositories: ${checked.repositories}, manifests: ${checked.manifests} (${checked.contents} by digest), tags: ${checked.tags}`,
    `blobs: ${checked.blobs}, in repositories: ${checked.memberships}, bytes read: ${checked.bytes}`,
    ...[...faults, ...information].map(asLine),
  ];
  for (const [kind, { found, repaired }] of Object.entries(counts)) {
    lines.push(`${kind}: ${found} found${repaired > 0 ? `, ${repaired} repaired` : ""}`);
  }
  if (faults.length === 0) lines.push("No fault found.");
  return `${lines.join("\n")}\n`;
}

function asLine({ kind, message, repaired }: Finding): string {
  return `${kind.padEnd(19)}  ${message}${repaired ? " (repaired)" : ""}`;
}
