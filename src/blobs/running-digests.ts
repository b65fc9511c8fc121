import type { Hash } from "node:crypto";
import type { SupportedAlgorithm } from "../oci/digest.ts";

/** A digest on its way: `hash` has taken in the first `size` bytes of an upload; none is made before there are any. */
export type RunningDigest = {
  readonly algorithm: SupportedAlgorithm;
  readonly hash: Hash | undefined;
  readonly size: number;
};

/** How many uploads' digests are kept in memory, about 1 KiB each; those of others are computed by reading again. */
export const RUNNING_DIGESTS_MAX = 1024;

/** The running digests of uploads, so that no byte has to be read again. Losing one costs time, never truth. */
export class RunningDigests {
  // The one touched longest ago comes first.
  readonly #digests = new Map<string, RunningDigest>();

  /** Remembers an upload's digest, at the cost of the one touched longest ago when there are too many. */
  keep(id: string, digest: RunningDigest): void {
    this.#digests.delete(id);
    this.#digests.set(id, digest);
    if (this.#digests.size <= RUNNING_DIGESTS_MAX) return;
    for (const oldest of this.#digests.keys()) {
      this.#digests.delete(oldest);
      break;
    }
  }

  /** Hands over and forgets an upload's digest; undefined unless it is that of an upload of `size` bytes. */
  take(id: string, size: number): RunningDigest | undefined {
    const digest = this.#digests.get(id);
    this.#digests.delete(id);
    // Another process may have gone on with the upload.
    return digest?.size === size ? digest : undefined;
  }

  /** Forgets an upload's digest. */
  drop(id: string): void {
    this.#digests.delete(id);
  }
}
