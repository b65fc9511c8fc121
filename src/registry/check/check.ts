import type { Blobs } from "../../blobs/blobs.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { checkBlobs, checkGarbage, checkMemberships } from "./blobs.ts";
import { checkFiles } from "./files.ts";
import { checkLog } from "./log.ts";
import { checkContents, checkFacts } from "./manifests.ts";
import { Findings, type Report } from "./report.ts";

export type CheckOptions = {
  /** Hash every blob; without it only their sizes are compared. */
  readonly hash: boolean;
  /** Mends what can be mended without guessing. No server may be running. */
  readonly repair?: Repair | undefined;
};

export type Repair = {
  /** Blobs and files that nobody needs go if they were last changed before this. */
  readonly garbageBefore: Date;
};

/** What every part of a check works with. */
export type Checking = {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly findings: Findings;
  readonly options: CheckOptions;
};

/**
 * Compares a catalog with its log, its manifests and its blobs, and says what is wrong. Without `repair` it only reads, and
 * a server may be running: what changes meanwhile is not taken for a fault. With `repair` it drops memberships whose blob is
 * lost or damaged, so that clients push it again, sets damaged blobs aside, and removes what nobody needs. It never makes
 * or deletes manifests, tags or repositories. Holds the facts in memory twice.
 */
export async function check(
  { catalog, blobs }: Pick<Checking, "catalog" | "blobs">,
  options: CheckOptions,
): Promise<Report> {
  const findings = new Findings();
  const checking: Checking = { catalog, blobs, findings, options };
  const bounds = await catalog.bounds();
  const facts = await checkLog(checking, bounds);
  checkFacts(checking, facts);
  const stored = await checkBlobs(checking);
  const unclaimed = await checkMemberships(checking, stored);
  await checkContents(checking, { facts, unclaimed });
  await checkGarbage(checking, unclaimed);
  await checkFiles(checking);
  return findings.report(bounds);
}
