import type { ServerResponse } from "node:http";
import type { Artifact } from "../support/artifact.ts";
import { HttpServer, sendFailure, sendJson, type Seen } from "./http-server.ts";

/** How registries write where the next page is; B2 of the notes on clients has who does. */
export const LINK_STYLES = {
  relative: (path: string, query: string) => `<${path}?${query}>; rel="next"`,
  absolute: (path: string, query: string, host: string) => `<http://${host}${path}?${query}>; rel="next"`,
  "of another host": (path: string, query: string) =>
    `<https://registry.invalid${path}?${query}>; rel="next"`,
  "relative to the page": (path: string, query: string) => `<${path.split("/").at(-1)}?${query}>; rel="next"`,
  "only a query": (_: string, query: string) => `<?${query}>; rel=next`,
  "without brackets": (path: string, query: string) => `${path}?${query}; rel="next"`,
  "without rel": (path: string, query: string) => `<${path}?${query}>`,
  "after a link back": (path: string, query: string) =>
    `<${path}?n=2>; rel="prev", <${path}?${query}>; rel="next"; title="a, b"`,
  "not at all": () => undefined,
} as const;
export type LinkStyle = keyof typeof LINK_STYLES;

export type ForeignOptions = {
  /** What it holds: repository, tag, manifest. Null for a repository that lists no tags, as some write it. */
  readonly content: Readonly<Record<string, Readonly<Record<string, Artifact>> | null>>;
  readonly blobs?: readonly Artifact[];
  /** Manifests without tags. */
  readonly untagged?: readonly Artifact[];
  readonly link?: LinkStyle;
  /** The most names on a page; more than that is refused, as CNCF distribution does. */
  readonly pageMax?: number;
  /** Answers in its place where it wants to, and then gives true. */
  readonly before?: (seen: Seen, response: ServerResponse) => boolean;
};

/** A registry without our lists, of the kind that CNCF distribution is: catalog, tag lists, manifests and blobs. */
export function foreignRegistry(options: ForeignOptions): Promise<HttpServer> {
  const server: HttpServer = new HttpServer((seen, response) => {
    if (options.before?.(seen, response)) return;
    answer(seen, response, { options, host: server.host });
  });
  return server.open();
}

function answer(
  { method, target }: Seen,
  response: ServerResponse,
  { options, host }: { options: ForeignOptions; host: string },
): void {
  const url = new URL(target, `http://${host}`);
  const { pathname } = url;
  const [, repository = "", what = "", reference = ""] =
    /^\/v2\/(.+)\/(tags\/list|manifests|blobs)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  const page = { url, response, options, host };
  if (pathname === "/v2/") return sendJson(response, {});
  if (pathname === "/v2/_catalog") return sendPage("repositories", Object.keys(options.content), page);
  if (options.content[repository] === undefined) return sendFailure(response, 404, "NAME_UNKNOWN");
  const tags = options.content[repository];
  if (what === "tags/list") {
    return tags === null
      ? sendJson(response, { name: repository, tags: null })
      : sendPage("tags", Object.keys(tags), page);
  }
  const all = [...Object.values(tags ?? {}), ...(options.untagged ?? []), ...(options.blobs ?? [])];
  const found = tags?.[reference] ?? all.find(({ digest }) => digest === reference);
  if (found === undefined) return sendFailure(response, 404, "MANIFEST_UNKNOWN");
  response.writeHead(200, {
    "Content-Type": found.mediaType,
    "Content-Length": found.bytes.byteLength,
    "Docker-Content-Digest": found.digest,
  });
  response.end(method === "HEAD" ? undefined : found.bytes);
}

function sendPage(
  key: "repositories" | "tags",
  names: readonly string[],
  {
    url,
    response,
    options,
    host,
  }: { url: URL; response: ServerResponse; options: ForeignOptions; host: string },
): void {
  const { pageMax = 100, link = "relative" } = options;
  const n = Number(url.searchParams.get("n") ?? pageMax);
  if (n > pageMax) return sendFailure(response, 400, "PAGINATION_NUMBER_INVALID");
  const last = url.searchParams.get("last");
  const rest = last === null ? names : names.slice(names.indexOf(last) + 1);
  const page = rest.slice(0, n);
  const query = `last=${encodeURIComponent(page.at(-1) ?? "")}&n=${n}`;
  const header = page.length < rest.length ? LINK_STYLES[link](url.pathname, query, host) : undefined;
  if (header !== undefined) response.setHeader("Link", header);
  sendJson(response, { [key]: page });
}
