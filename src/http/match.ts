import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import { Query } from "./query.ts";
import { ROUTES, type Route } from "./routes.ts";

/** What comes before the path where a client sends the whole URL, as it does to a proxy (RFC 9112 "absolute-form"). */
const AUTHORITY = /^https?:\/\/[^/?]*/i;

/** Longest path and longest query string, in bytes: four names of 255 bytes and filters have room. */
const PATH_BYTES_MAX = 2_048;
const QUERY_BYTES_MAX = 8_192;

const NAME = "<name>";

type Pattern = {
  readonly route: Route;
  readonly before: readonly string[];
  readonly behind: readonly string[];
  readonly hasName: boolean;
  /** The last segment, if it is literal. */
  readonly end: string | undefined;
};

const PATTERNS: readonly Pattern[] = ROUTES.map((route) => {
  const segments = split(route.path);
  const position = segments.indexOf(NAME);
  const hasName = position >= 0;
  const end = segments.at(-1);
  return {
    route,
    hasName,
    before: hasName ? segments.slice(0, position) : [],
    behind: hasName ? segments.slice(position + 1) : segments,
    end: end !== undefined && isPlaceholder(end) ? undefined : end,
  };
});

/** The patterns of each method by their last segments, in the order of the table; those of `undefined` fit any other one. */
const BY_END: ReadonlyMap<string, ReadonlyMap<string | undefined, readonly Pattern[]>> = new Map(
  ROUTES.map(({ method }) => {
    const own = PATTERNS.filter(({ route }) => route.method === method);
    const fitting = (end: string | undefined): Pattern[] =>
      own.filter((pattern) => pattern.end === end || pattern.end === undefined);
    return [method, new Map([undefined, ...own.map(({ end }) => end)].map((end) => [end, fitting(end)]))];
  }),
);

/** Routes without placeholders, by method and path: these are found without taking the path apart. */
const LITERAL: ReadonlyMap<string, ReadonlyMap<string, Route>> = new Map(
  ROUTES.map(({ method }) => {
    const own = ROUTES.filter((route) => route.method === method && !route.path.includes("<"));
    return [method, new Map(own.map((route) => [route.path, route]))];
  }),
);

export type Match = {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The query as sent. */
  readonly search: string;
};

/**
 * Finds the route of a request from its right end, as names contain slashes. Trailing slashes do not count (R11).
 * `ROUTE_UNKNOWN`, `UNSUPPORTED` (with the methods that the path has), `REQUEST_INVALID` when the URL is too long.
 */
export function match(method: string, url: string): Match {
  const { path, search } = divide(url);
  const wanted = method === "HEAD" ? "GET" : method;
  const literal = LITERAL.get(wanted)?.get(path);
  if (literal) return { route: literal, params: {}, query: new Query(search), search };
  const segments = path.includes("%") ? split(path).map(decoded) : split(path);
  const byEnd = BY_END.get(wanted);
  const candidates = byEnd?.get(segments.at(-1)) ?? byEnd?.get(undefined) ?? [];
  const found = candidates.find((pattern) => fits(pattern, segments));
  if (found) {
    return {
      route: found.route,
      params: paramsOf(found, segments),
      query: new Query(search),
      search,
    };
  }
  const fitting = PATTERNS.filter((pattern) => fits(pattern, segments));
  throw noRoute(
    method,
    path,
    fitting.map(({ route }) => route.method),
  );
}

function divide(url: string): { path: string; search: string } {
  const target = url.startsWith("/") ? url : url.replace(AUTHORITY, "");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const search = mark < 0 ? "" : target.slice(mark + 1);
  if (path.length > PATH_BYTES_MAX || search.length > QUERY_BYTES_MAX) {
    throw new RegistryError(
      "REQUEST_INVALID",
      `The URL is too long: at most ${PATH_BYTES_MAX} bytes of path and ${QUERY_BYTES_MAX} of query are taken.`,
    );
  }
  return { path, search };
}

function split(path: string): string[] {
  const segments = path.split("/");
  while (segments.at(-1) === "") segments.pop();
  return segments[0] === "" ? segments.slice(1) : segments;
}

/** A segment without its percent encoding. One that hides a slash, or is badly encoded, stays as it is: no name fits it. */
function decoded(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    return text.includes("/") ? segment : text;
  } catch {
    return segment;
  }
}

/** True when what is literal in a pattern is in its place. The end is looked at first: nearly all paths begin alike. */
function fits({ before, behind, hasName }: Pattern, segments: readonly string[]): boolean {
  const start = segments.length - behind.length;
  if (hasName ? start <= before.length : start !== 0) return false;
  return (
    behind.every(
      (expected, position) => isPlaceholder(expected) || expected === segments[start + position],
    ) && before.every((expected, position) => expected === segments[position])
  );
}

/** What the placeholders of a pattern stand for, which fits. */
function paramsOf({ before, behind, hasName }: Pattern, segments: readonly string[]): Record<string, string> {
  const start = segments.length - behind.length;
  const params: Record<string, string> = hasName
    ? { name: segments.slice(before.length, start).join("/") }
    : {};
  for (const [position, segment] of behind.entries()) {
    if (isPlaceholder(segment)) params[segment.slice(1, -1)] = segments[start + position] ?? "";
  }
  return params;
}

function isPlaceholder(segment: string): boolean {
  return segment.startsWith("<");
}

function noRoute(method: string, path: string, allowed: readonly string[]): RegistryError {
  if (allowed.length === 0)
    return new RegistryError(
      "ROUTE_UNKNOWN",
      `Nothing is served at ${shown(path)}. docs/api.md lists what is.`,
    );
  const methods = [...new Set(allowed.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])))];
  return new RegistryError(
    "UNSUPPORTED",
    `${shown(method)} is not offered at ${shown(path)}; ${methods.join(", ")} is.`,
    { detail: { allowed: methods } },
  );
}
