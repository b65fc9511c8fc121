import type { Pull } from "./catalog.ts";
import type { Queryable } from "./engine.ts";

/**
 * Notes when manifests were last pulled, on the current rows of what they concern. No fact changes by it: there is no event
 * and no revision, and a list at an older revision shows it as far as it was known when that ended.
 */
export async function notePulls(tx: Queryable, pulls: readonly Pull[]): Promise<void> {
  for (const { repository, digest, time } of pulls) {
    const at = time.getTime();
    const later = "until is null and pulled < ?";
    await tx.run(`update manifest set pulled = ? where repository = ? and digest = ? and ${later}`, [
      at,
      repository,
      digest,
      at,
    ]);
    await tx.run(`update tag set pulled = ? where repository = ? and digest = ? and ${later}`, [
      at,
      repository,
      digest,
      at,
    ]);
    await tx.run(`update repository set pulled = ? where name = ? and ${later}`, [at, repository, at]);
  }
}
