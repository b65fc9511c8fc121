import type { Command } from "commander";
import { listCommand } from "./list-command.ts";

/** `supercargo manifests`: the manifests of a repository, or of all repositories. */
export function manifestsCommand(): Command {
  return listCommand({
    name: "manifests",
    kind: "manifests",
    about:
      "List the manifests of a repository, or with a registry alone those of all its repositories, untagged ones included.\n" +
      "Of registries other than Supercargo: those with tags, and with --subject those that refer to a manifest.",
    path: "NAME",
    columns: ["repository", "digest", "class", "tags", "imageSize", "pushed"],
    examples: `  supercargo manifests localhost:5000 --untagged --created-before 7d
  supercargo manifests localhost:5000/team/app --order-by imageSize --limit 10
  supercargo manifests localhost:5000 --class chart --created-since 7d
  supercargo manifests registry.example/team/app --fields digest,tags,labels --output ndjson`,
  });
}
