import type { Command } from "commander";
import { listCommand } from "./list-command.ts";

/** `supercargo repos`: the repositories of a registry, or of a namespace. */
export function reposCommand(): Command {
  return listCommand({
    name: "repos",
    kind: "repositories",
    about:
      "List the repositories of a registry, or those of a namespace.\n" +
      "Of registries other than Supercargo: names, and with --fields tagCount how many tags each has.",
    path: "NAMESPACE",
    columns: ["name", "tagCount", "manifestCount", "size", "updated"],
    examples: `  supercargo repos localhost:5000
  supercargo repos localhost:5000/team --order-by size --limit 10
  supercargo repos localhost:5000 --empty --created-before 30d
  supercargo repos registry.example --name '*/app' --fields name,tagCount`,
  });
}
