import { json, type Answer, type Call } from "./call.ts";

const ABOUT = "https://github.com/opencontainers/distribution-spec/tree/main/extensions";

/** What the registry offers beyond the standard's end-points (extension `_oci`), alike for the registry and a repository. */
export async function discover(_call: Call): Promise<Answer> {
  return json({
    extensions: [
      {
        name: "_oci",
        url: `${ABOUT}/_oci.md`,
        description: "Says which extensions there are.",
        endpoints: ["/v2/_oci/ext/discover", "/v2/<name>/_oci/ext/discover"],
      },
      {
        name: "_catalog",
        url: `${ABOUT}/README.md`,
        description: "Lists all repositories that have manifests.",
        endpoints: ["/v2/_catalog"],
      },
      {
        name: "_supercargo",
        url: "docs/api.md",
        description: "The log of everything that happened, and the deletion of whole repositories.",
        endpoints: ["/v2/_supercargo/events", "/v2/<name>/_supercargo/repository"],
      },
    ],
  });
}
