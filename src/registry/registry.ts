import type { Blobs } from "../blobs/blobs.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { PullNotes } from "./pulls.ts";
import type { Tail } from "./tail.ts";

export type RegistryOptions = {
  /** Largest manifest that is accepted, in bytes. At least 4 MiB, says distribution-spec "Pushing Manifests". */
  readonly manifestBytesMax: number;
  /** Largest blob that is accepted, in bytes; no limit when absent. */
  readonly blobBytesMax?: number | undefined;
  /** `refuse`: a manifest whose config or layers are not in its repository is `MANIFEST_BLOB_UNKNOWN`. */
  readonly missingBlobs: "accept" | "refuse";
  /** How long events, and facts that are no longer true, can still be asked for, in milliseconds. */
  readonly retentionMs: number;
};

export const REGISTRY_DEFAULTS: RegistryOptions = {
  manifestBytesMax: 4 * 1024 * 1024,
  missingBlobs: "accept",
  retentionMs: 30 * 24 * 60 * 60 * 1000,
};

/** What every operation works on. It holds no state but notes, so that several nodes can serve one registry. */
export type Registry = {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly options: RegistryOptions;
  readonly pulls: PullNotes;
  /** The end of the log, for all who follow it. */
  readonly tail: Tail;
};
