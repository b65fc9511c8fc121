import { RegistryError } from "../errors.ts";
import type { Revision } from "./catalog.ts";
import type { Value } from "./engine.ts";

/** When facts are asked for. */
export type Moment = {
  /** The condition under which a row of facts holds then. */
  readonly holds: (fact: string) => string;
  /** What the condition's parameters are, each time it is used. */
  readonly values: readonly Value[];
};

/** The present. */
export const NOW: Moment = { holds: (fact) => `${fact}.until is null`, values: [] };

/** The time at which the log had come to a revision. */
export function momentOf(at: Revision): Moment {
  return { holds: (fact) => `${fact}.since <= ? and coalesce(${fact}.until > ?, true)`, values: [at, at] };
}

/** `REVISION_EXPIRED` when what held at a revision was compacted away, `REVISION_UNKNOWN` when it has not come yet. */
export function requireRetained(revision: Revision, bounds: { revision: Revision; oldest: Revision }): void {
  const { revision: newest, oldest } = bounds;
  const detail = { oldest, newest };
  if (revision < oldest) {
    throw new RegistryError(
      "REVISION_EXPIRED",
      `Revision ${revision} was compacted; the oldest that is kept is ${oldest}. List again, then follow from there.`,
      { detail },
    );
  }
  if (revision > newest) {
    throw new RegistryError(
      "REVISION_UNKNOWN",
      `Revision ${revision} has not happened here; the newest is ${newest}. Was it taken from another registry?`,
      { detail },
    );
  }
}
