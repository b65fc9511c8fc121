import { RegistryError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { circular, listPages, type RawPage } from "./pages.ts";

/** How many names a page is asked to have. What go-containerregistry asks for, so every registry has met it. */
const PAGE = 1000;

export type NameList = {
  /** `/v2/_catalog` or a repository's `tags/list`. */
  readonly path: string;
  readonly key: "repositories" | "tags";
  readonly scope: string;
};

/**
 * The names on an old list, page by page, each once, in the registry's order. Goes by `Link`; where a full page comes
 * without one it asks once more, for some registries never send it.
 * @throws what the registry answers instead, UNKNOWN if its pages lead in a circle
 */
export async function* listNames(connection: Connection, list: NameList): AsyncGenerator<readonly string[]> {
  const { path, scope } = list;
  const seen = new Set<string>();
  let last: readonly string[] = [];
  for (let after: string | undefined = ""; after !== undefined;) {
    const isGuess: boolean = after !== "";
    const first = `${path}?n=${PAGE}${isGuess ? `&last=${encodeURIComponent(after)}` : ""}`;
    for await (const page of listPages(connection, first, { scope, otherwise: path })) {
      last = namesOn(page, list);
      const fresh = last.filter((name) => !seen.has(name));
      const isRepeated = last.length > 0 && fresh.length === 0;
      if (isRepeated && isGuess) return;
      if (isRepeated) throw circular(page.answer, last[0] ?? "");
      for (const name of fresh) seen.add(name);
      yield fresh;
    }
    after = last.length === PAGE ? last.at(-1) : undefined;
  }
}

/** The names on a page. Registries write null for none, and some leave the list out. */
function namesOn({ body, answer }: RawPage, { key }: NameList): readonly string[] {
  const list = (body as Record<string, unknown> | null)?.[key] ?? [];
  if (Array.isArray(list)) return list.filter((name) => typeof name === "string");
  const message = `${answer.url.host} answered ${answer.url.pathname} without ${key}; is it a registry's address?`;
  throw new RegistryError("UNSUPPORTED", message);
}
