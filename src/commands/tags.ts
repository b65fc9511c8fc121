import type { Command } from "commander";
import { listCommand } from "./list-command.ts";

/** `supercargo tags`: the tags of a repository, or of all repositories. */
export function tagsCommand(): Command {
  return listCommand({
    name: "tags",
    kind: "tags",
    about:
      "List the tags of a repository, or with a registry alone those of all its repositories.\n" +
      "Of registries other than Supercargo: names; what else --fields or a selection asks for is read from manifests.",
    path: "NAME",
    columns: ["repository", "name", "class", "digest", "imageSize", "updated"],
    examples: `  supercargo tags localhost:5000/team/app --order-by semver --limit 1
  supercargo tags localhost:5000 --order-by updated --limit 10
  supercargo tags localhost:5000 --under team --platform linux/arm64 --label team=infra
  supercargo tags localhost:5000/team/app --at 7d --output json
  supercargo tags registry.example/team/app --class image --fields name,digest,platforms`,
  });
}
