import type { Command } from "commander";
import { listCommand } from "./list-command.ts";

/** `supercargo namespaces`: one level of the tree that names make. */
export function namespacesCommand(): Command {
  return listCommand({
    name: "namespaces",
    kind: "namespaces",
    about:
      "List what is directly below a namespace, or below the root, with how many repositories are further below.",
    path: "NAMESPACE",
    columns: ["path", "repository", "repositoryCount", "updated"],
    examples: `  supercargo namespaces localhost:5000
  supercargo namespaces localhost:5000/team --order-by updated`,
  });
}
