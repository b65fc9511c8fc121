import { blobOf, descriptorOf, manifestOf, pushBlob, pushManifest, startUpload } from "./artifact.ts";
import type { PolicyValues } from "../../src/access/policy.ts";
import { TestAccess } from "./access.ts";
import { TestRegistry } from "./registry.ts";

const WHILE_FILLED: PolicyValues = { rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] };
const PEOPLE = ["ann", "lister", "puller", "root", "stranger"];

/** Everybody may read the library; `ann`, `lister` and `puller` may do something in `team`, `root` all, `stranger` nothing more. */
export const RULES: PolicyValues = {
  rules: [
    { allow: ["read"], to: ["anonymous"], on: ["library/**"] },
    { allow: ["write"], to: ["ann"], on: ["team/**"] },
    { allow: ["list"], to: ["lister"], on: ["team/**"] },
    { allow: ["pull"], to: ["puller"], on: ["team/**"] },
    { allow: ["admin"], to: ["root"], on: ["**"] },
  ],
};

export const layer = blobOf("a layer");
export const image = manifestOf({ layers: [descriptorOf(layer)] });
/** Only in the second repository. */
export const secretLayer = blobOf("a secret layer");

/** A registry under {@link RULES}, with the same in two repositories, the second of which has the given name. */
export async function filled(
  second: string,
): Promise<{ registry: TestRegistry; access: TestAccess; upload: string }> {
  const access = await TestAccess.open(WHILE_FILLED, PEOPLE);
  const registry = await TestRegistry.open({ access });
  for (const repository of ["library/app", second]) {
    await pushBlob(registry.host, repository, layer);
    await pushManifest(registry.host, `${repository}:v1`, image);
    await pushManifest(registry.host, `${repository}:_list`, image);
  }
  await pushBlob(registry.host, second, secretLayer);
  const upload = await startUpload(registry.host, second);
  access.reload(RULES);
  return { registry, access, upload: upload.slice(upload.lastIndexOf("/") + 1) };
}
