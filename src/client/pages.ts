import { RegistryError } from "../errors.ts";
import { parseLink } from "../oci/link.ts";
import type { Connection } from "./connection.ts";
import type { Answer } from "./exchange.ts";
import { failureOf } from "./failure.ts";

/** A page of a list as the registry sent it. */
export type RawPage = { readonly body: unknown; readonly answer: Answer };

export type PagesOptions = {
  readonly scope: string;
  /** Where the list begins for registries that refuse the first target as malformed. */
  readonly otherwise?: string;
};

/**
 * The pages of a list, from one on, as long as each names a next one by `Link`.
 * @throws UNKNOWN if they lead in a circle, and whatever the registry answers instead of a page
 */
export async function* listPages(
  connection: Connection,
  first: string,
  { scope, otherwise }: PagesOptions,
): AsyncGenerator<RawPage> {
  const seen = new Set<string>();
  for (let target: string | undefined = first; target !== undefined;) {
    seen.add(target);
    const answer = await connection.ask(target, { scope, headers: { Accept: "application/json" } });
    if (answer.status === 400 && otherwise !== undefined && !seen.has(otherwise)) {
      target = otherwise;
      continue;
    }
    if (answer.status !== 200) throw failureOf(answer);
    yield { body: readPage(answer), answer };
    target = nextTarget(answer);
    if (target !== undefined && seen.has(target)) throw circular(answer, target);
  }
}

/**
 * Where the next page is, as path and query; `undefined` on the last one. A link to another host or scheme is taken for
 * this registry all the same: registries behind proxies know no better, and nobody else gets the password.
 */
export function nextTarget({ url, headers }: Answer): string | undefined {
  const header = headers.get("Link");
  if (header === null) return undefined;
  const links = parseLink(header);
  const link =
    links.find(({ rel }) => rel?.split(/\s+/).includes("next")) ?? links.find(({ rel }) => rel === undefined);
  const next = link && URL.parse(link.url, url);
  return next ? `${next.pathname}${next.search}` : undefined;
}

/** The failure of a registry whose pages never end. */
export function circular({ url }: Answer, target: string): RegistryError {
  return new RegistryError(
    "UNKNOWN",
    `The pages of ${url.host} lead in a circle: after ${url.pathname}${url.search} comes ${target} again.`,
  );
}

function readPage({ url, bytes }: Answer): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as unknown;
  } catch (cause) {
    const message = `${url.host} answered ${url.pathname} with something that is not JSON; is it a registry's address?`;
    throw new RegistryError("UNSUPPORTED", message, { cause });
  }
}
