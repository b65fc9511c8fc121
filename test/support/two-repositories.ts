import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { TestRegistry } from "./registry.ts";

/** A registry with the same manifest as `v1` and `v2` in `team/app` and in `team/other`: two of everything to be listed. */
export async function openWithTwo(): Promise<TestRegistry> {
  const registry = await TestRegistry.open();
  const content = manifest("a");
  for (const name of ["team/app", "team/other"].map(parseName)) {
    await registry.catalog.write(name, ORIGIN, async (tx) => {
      await tx.putManifest(content);
      for (const tag of ["v1", "v2"]) await tx.setTag(parseTag(tag), content.digest);
    });
  }
  return registry;
}
