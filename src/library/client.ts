import { failureOf, SupercargoError } from "./failure.ts";
import type { Items, ListOptions, Manifest, Namespace, Repository, Tag, Watched } from "./items.ts";
import { Mirror } from "./mirror.ts";
import { follow, RESET, watch, type Ask, type CloudEvent, type WatchOptions } from "./watch.ts";

export { SupercargoError } from "./failure.ts";
export type {
  EventSelector,
  ListOptions,
  Manifest,
  Namespace,
  RegistryEvent,
  Repository,
  Tag,
  Watched,
} from "./items.ts";
export { Mirror, type Change, type Entry } from "./mirror.ts";
export type { CloudEvent, WatchOptions } from "./watch.ts";

/** Items on a page that is fetched, unless `n` says otherwise. */
const PAGE = 1_000;

export type ClientOptions = {
  /** A user, or a robot, and the password. */
  readonly username?: string;
  readonly password?: string;
  /** A token instead, asked for before each request. */
  readonly token?: () => string | Promise<string>;
  /** Sends requests, if not the `fetch` of this place. */
  readonly fetch?: typeof fetch;
};

/** A registry that can tell what is in it: its lists, and what happens in it. For Node and browsers. */
export class Supercargo {
  readonly #url: string;
  readonly #options: ClientOptions;

  /** `url` is where the registry is, such as `https://registry.example`. */
  constructor(url: string, options: ClientOptions = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** Repositories, one after the other; pages are fetched as they are read, all of one revision. */
  repositories(options: ListOptions = {}): AsyncGenerator<Repository> {
    return this.#list("repositories", options);
  }

  /** Tags across repositories. */
  tags(options: ListOptions = {}): AsyncGenerator<Tag> {
    return this.#list("tags", options);
  }

  /** Manifests across repositories, untagged ones included. */
  manifests(options: ListOptions = {}): AsyncGenerator<Manifest> {
    return this.#list("manifests", options);
  }

  /** The children of the namespace `under`, or of the registry. */
  namespaces(options: ListOptions = {}): AsyncGenerator<Namespace> {
    return this.#list("namespaces", options);
  }

  /** What there is, and then what happens; or from a cursor on what happens. See {@link watch}. */
  watch(options: WatchOptions = {}): AsyncGenerator<Watched> {
    return watch(this.#ask, options);
  }

  /** The same as the registry sends it, in the form of CloudEvents; bookmarks too. */
  async *events(options: WatchOptions = {}): AsyncGenerator<CloudEvent> {
    for await (const event of follow(this.#ask, options)) if (event !== RESET) yield event;
  }

  /** A copy that follows the registry. Throws `PARAMETER_INVALID` for a selector by which none can be exact. */
  mirror(options: Omit<WatchOptions, "after"> = {}): Mirror {
    return new Mirror(this.#ask, options);
  }

  async *#list<Kind extends keyof Items>(
    kind: Kind,
    { signal, n = PAGE, ...parameters }: ListOptions,
  ): AsyncGenerator<Items[Kind]> {
    const query = new URLSearchParams([["n", `${Number(n)}`]]);
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of Array.isArray(value) ? value : [value])
        if (one !== undefined) query.append(name, String(one));
    }
    let next: string | undefined = `/v2/_supercargo/${kind}?${query.toString()}`;
    while (next !== undefined) {
      const answer: Response = await this.#ask(next, { accept: "application/json", signal });
      const { items } = (await answer.json()) as { items: Items[Kind][] };
      yield* items;
      next = /<([^>]+)>/.exec(answer.headers.get("Link") ?? "")?.[1];
    }
  }

  readonly #ask: Ask = async (path, { accept, signal }) => {
    const { username, password, token, fetch: send = fetch } = this.#options;
    const headers: Record<string, string> = { Accept: accept };
    if (token) headers["Authorization"] = `Bearer ${await token()}`;
    else if (username !== undefined)
      headers["Authorization"] = `Basic ${base64(`${username}:${password ?? ""}`)}`;
    const answer = await send(this.#url + path, { headers, ...(signal && { signal }) }).catch(
      (cause: unknown) => {
        if (signal?.aborted) throw cause;
        throw new SupercargoError(`${this.#url} gives no answer.`, { code: "UNREACHABLE", cause });
      },
    );
    if (!answer.ok) throw await failureOf(answer);
    return answer;
  };
}

/** Base64 of a text's UTF-8, which `btoa` alone refuses beyond Latin-1. */
function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
