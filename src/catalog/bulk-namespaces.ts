import type { RepositoryName } from "../oci/name.ts";
import type { Revision } from "./catalog.ts";
import type { Value } from "./engine.ts";
import { parentOf, pathsOf } from "./namespaces.ts";

type Version = {
  readonly since: Revision;
  readonly updated: number;
  readonly born: Revision;
  readonly created: number;
  /** 1 when it is a repository itself. */
  readonly repository: number;
  readonly below: number;
};

/** The versions of namespaces while nothing but new repositories is written, none of them empty. */
export class NamespaceVersions {
  readonly #current = new Map<string, Version>();

  /** Counts a new repository in each namespace it lies in. Gives the rows of those versions that end by it. */
  write(
    repository: RepositoryName,
    { revision, time }: { revision: Revision; time: number },
  ): readonly (readonly Value[])[] {
    const ended: Value[][] = [];
    for (const path of pathsOf(repository)) {
      const before = this.#current.get(path);
      if (before) ended.push(rowOf(path, before, revision));
      this.#current.set(path, {
        since: revision,
        updated: time,
        born: before?.born ?? revision,
        created: before?.created ?? time,
        repository: (before?.repository ?? 0) + Number(path === repository),
        below: (before?.below ?? 0) + Number(path !== repository),
      });
    }
    return ended;
  }

  /** Rows of the versions that have not ended. */
  *current(): Generator<readonly Value[]> {
    for (const [path, version] of this.#current) yield rowOf(path, version, null);
  }
}

function rowOf(path: string, version: Version, until: Revision | null): Value[] {
  const { since, repository, below, born, created, updated } = version;
  return [path, parentOf(path), since, until, repository, below, repository + below, born, created, updated];
}
