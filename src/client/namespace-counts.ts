import type { Item } from "./registry.ts";

/**
 * The children of a namespace, in bytewise order, with whether each is a repository and how many are below it, counted
 * from names. The empty namespace is the whole registry.
 */
export async function* countBelow(
  names: AsyncIterable<readonly string[]>,
  namespace: string,
): AsyncGenerator<readonly Item[]> {
  const children = new Map<string, { repository: boolean; repositoryCount: number }>();
  const prefix = namespace === "" ? "" : `${namespace}/`;
  for await (const page of names) {
    for (const name of page) {
      if (!name.startsWith(prefix) || name === namespace) continue;
      const slash = name.indexOf("/", prefix.length);
      const path = slash === -1 ? name : name.slice(0, slash);
      const child = children.get(path) ?? { repository: false, repositoryCount: 0 };
      if (slash === -1) child.repository = true;
      else child.repositoryCount++;
      children.set(path, child);
    }
  }
  const paths = [...children.keys()].toSorted();
  yield paths.map((path) => ({ path, ...children.get(path) }));
}
