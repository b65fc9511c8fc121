import type { Pull } from "./catalog.ts";
import type { Engine, Queryable } from "./engine.ts";

/** Pulls noted by one transaction: few enough that a push which arrives meanwhile hardly waits. */
const PULLS_PER_TRANSACTION = 100;

/**
 * Notes when manifests were last pulled, on the current rows of what they concern. No fact changes by it: there is no event
 * and no revision, and a list at an older revision shows it as far as it was known when that ended.
 */
export async function notePulls(engine: Engine, pulls: readonly Pull[]): Promise<void> {
  // In one order, because each transaction holds several repositories.
  const ordered = pulls.toSorted((a, b) => (a.repository < b.repository ? -1 : 1));
  for (let start = 0; start < ordered.length; start += PULLS_PER_TRANSACTION) {
    const some = ordered.slice(start, start + PULLS_PER_TRANSACTION);
    await engine.transaction((tx) => noteSome(engine, tx, some));
  }
}

async function noteSome(engine: Engine, tx: Queryable, pulls: readonly Pull[]): Promise<void> {
  for (const { repository, digest, time } of pulls) {
    // A write gives rows their next version from what it has read, which must not be noted on meanwhile.
    await engine.lock(tx, `repository ${repository}`);
    const at = time.getTime();
    const later = "until is null and pulled < ?";
    const noted = await tx.run(
      `update manifest set pulled = ? where repository = ? and digest = ? and ${later}`,
      [at, repository, digest, at],
    );
    if (noted === 0) continue;
    await tx.run(`update tag set pulled = ? where repository = ? and digest = ? and ${later}`, [
      at,
      repository,
      digest,
      at,
    ]);
    await tx.run(`update repository set pulled = ? where name = ? and ${later}`, [at, repository, at]);
  }
}
