import type { Connection } from "./connection.ts";
import { ForeignRegistry } from "./foreign-registry.ts";
import type { Registry } from "./registry.ts";
import { SupercargoRegistry } from "./supercargo-registry.ts";

/** Where a registry says which extensions it has (distribution-spec, extension `_oci`). */
const DISCOVER = "/v2/_oci/ext/discover";

/**
 * The registry at the other end: ours if it says that it has our lists, any other otherwise. `note` is told, in
 * sentences, what its lists lack.
 */
export async function findRegistry(
  connection: Connection,
  note: (sentence: string) => void,
): Promise<Registry> {
  const { status, bytes } = await connection.ask(DISCOVER, { scope: "" });
  const isOurs = status === 200 && extensionsOf(bytes).includes("_supercargo");
  return isOurs ? new SupercargoRegistry(connection) : new ForeignRegistry(connection, note);
}

function extensionsOf(bytes: Uint8Array): readonly unknown[] {
  try {
    const { extensions } = JSON.parse(Buffer.from(bytes).toString()) as { extensions?: { name?: unknown }[] };
    return extensions?.map(({ name }) => name) ?? [];
  } catch {
    return [];
  }
}
