import assert from "node:assert/strict";
import type { Churn } from "./churn.ts";
import { type Exchange, Wire } from "./wire.ts";

/** What a client listed, and the requests for list pages that it made. */
export type Listing = { readonly names: readonly string[]; readonly pages: readonly Exchange[] };

/** Who lists, what others change meanwhile, and what the registry does not offer. */
export type ListingOptions = {
  readonly registry: string;
  readonly churn: () => Churn;
  readonly withhold?: RegExp;
};

const LIST = /^\/v2\/_catalog|\/tags\/list(?:\?|$)|^\/v1\/search/;

/** Lets a client list while others push and delete: before every request that it makes, something has changed. */
export async function listAmidChurn(
  { registry, churn: start, withhold }: ListingOptions,
  list: (host: string) => Promise<readonly string[]>,
): Promise<Listing> {
  await using churn = start();
  const before = async (): Promise<void> => await churn.movesOn();
  await using wire = await Wire.open(registry, { before, ...(withhold && { withhold }) });
  const names = await list(wire.host);
  return { names, pages: wire.find("GET", LIST).filter(({ status }) => status === 200) };
}

/** Fails unless every one of `stable` was listed, in bytewise order, and nothing twice. */
export function assertWhole(names: readonly string[], stable: readonly string[]): void {
  const asked = new Set(stable);
  assert.deepEqual(
    names.filter((name) => asked.has(name)),
    stable,
  );
  assert.deepEqual(names, [...new Set(names)].toSorted());
}

/** The one revision that all pages showed. */
export function oneRevision(pages: readonly Exchange[]): number {
  const [revision, ...others] = new Set(pages.map((page) => page.revision));
  assert.ok(revision !== undefined && others.length === 0, "all pages show the same revision");
  return revision;
}
