import type { RepositoryName } from "../oci/name.ts";
import type { Revision } from "./catalog.ts";
import type { Queryable, Value } from "./engine.ts";
import { insertRows, placeholders } from "./rows.ts";

/** A repository's name and every beginning of it that ends before a slash, the shortest first. */
export function pathsOf(name: string): string[] {
  const segments = name.split("/");
  return segments.map((_, position) => segments.slice(0, position + 1).join("/"));
}

/** The path without its last segment; empty for one of a single segment. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** What a write to a repository does to the namespaces it lies in. */
export type NamespaceChange = {
  /** From this revision on. */
  readonly revision: Revision;
  readonly time: number;
  /** 1 when the repository begins to exist, -1 when it ends. */
  readonly repositories: number;
  /** 1 when it gets its first manifest, -1 when it loses its last. */
  readonly filled: number;
};

type Row = {
  path: string;
  repository: number;
  repositories: number;
  filled: number;
  born: number;
  created: number;
};

/** Gives each namespace of a repository, itself included, its next version. One that has nothing left ends. */
export async function changeNamespaces(
  tx: Queryable,
  repository: RepositoryName,
  { revision, time, repositories, filled }: NamespaceChange,
): Promise<void> {
  const paths = pathsOf(repository);
  const among = `path in (${placeholders(paths.length)})`;
  const rows = await tx.all<Row>(
    `update namespace set until = ? where ${among} and until is null
      returning path, repository, repositories, filled, born, created`,
    [revision, ...paths],
  );
  const before = new Map(rows.map((row) => [row.path, row]));
  const after = paths.flatMap((path): Value[][] => {
    const old = before.get(path);
    const itself = (old?.repository ?? 0) + (path === repository ? repositories : 0);
    const below = (old?.repositories ?? 0) + (path === repository ? 0 : repositories);
    if (itself + below === 0) return [];
    const filledNow = (old?.filled ?? 0) + filled;
    const [born, created] = [old?.born ?? revision, old?.created ?? time];
    return [[path, parentOf(path), revision, itself, below, filledNow, born, created, time]];
  });
  await insertRows(tx, {
    into: "namespace (path, parent, since, repository, repositories, filled, born, created, updated)",
    rows: after,
  });
}
