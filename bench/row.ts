import type { Registry } from "./registries.ts";

/** How much a run does. */
export interface Sizes {
  /** Bytes of the blob in the throughput rows. */
  readonly blobBytes: number;
  /** Bytes of the upload whose memory is measured. */
  readonly uploadBytes: number;
  /** How long one round of a rate row lasts. */
  readonly rateSeconds: number;
  /** Pushes that fill a registry before it is started, or left idle, for a measurement. */
  readonly contentPushes: number;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** What the budgets of DESIGN §5 mean. */
export const FULL: Sizes = { blobBytes: GIB, uploadBytes: 5 * GIB, rateSeconds: 5, contentPushes: 500 };

/** Small enough to try the bench itself; its figures mean little. */
export const QUICK: Sizes = {
  blobBytes: 64 * MIB,
  uploadBytes: 256 * MIB,
  rateSeconds: 1,
  contentPushes: 20,
};

/** `ratio`: ours over theirs, more is better. `atMost`: ours alone, in the row's unit, less is better. */
export type Budget = { readonly ratio: number } | { readonly atMost: number };

/** One line of the bench: what is measured, and what it has to be. */
export interface Row {
  /** What `--only` calls it. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly budget: Budget;
  /** Rounds when `--runs` does not say. */
  readonly runs: number;
  /** Fills an empty registry with what the rounds need. */
  prepare?(registry: Registry, sizes: Sizes): Promise<void>;
  /** One round on one registry: a figure in {@link Row.unit}. Both registries get the same bytes in the same round. */
  measure(registry: Registry, sizes: Sizes, round: number): Promise<number>;
}
