/** One target of a Link header (RFC 8288). */
export type Link = {
  /** As it was sent: relative to the URL that was asked, or absolute. */
  url: string;
  /** In lower case; may hold several, separated by spaces. */
  rel: string | undefined;
  /** All parameters, `rel` included; names in lower case, the first of a name counts. */
  params: Record<string, string>;
};

// Sticky: each looks only at the place where the reader stands. None can match the same text in two ways.
const SEPARATORS = /[\s,]*/y;
const TARGET = /<([^>]*)>|[^<"\s;,][^\s;]*/y;
const PARAMETER = /\s*;\s*(?:([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?/y;

/**
 * A Link header's value for the page that follows: one link, path-absolute, percent-encoded so that no `;`, `,`
 * or second `=` is in it, which real clients cannot take. `path` is not encoded yet; empty values are left out.
 */
export function formatLink(
  path: string,
  query: Record<string, string | number> | readonly (readonly [string, string | number])[],
): string {
  const encodedPath = encodeURI(path.toWellFormed()).replaceAll(/[;,?#]/g, encodeURIComponent);
  const parameters = (Array.isArray(query) ? query : Object.entries(query))
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`);
  return `<${[encodedPath, parameters.join("&")].filter((part) => part !== "").join("?")}>; rel="next"`;
}

/**
 * Reads a Link header of any registry, those included that leave out the angle brackets. What cannot be read
 * ends the list. Never throws.
 */
export function parseLink(header: string): Link[] {
  const links: Link[] = [];
  let at = 0;
  while (true) {
    at = matchAt(SEPARATORS, header, at)?.end ?? at;
    const target = matchAt(TARGET, header, at);
    if (target === undefined) return links;
    const { params, end } = parseParameters(header, target.end);
    links.push({
      url: target.groups[1] ?? target.groups[0] ?? "",
      rel: params["rel"]?.toLowerCase(),
      params,
    });
    at = end;
  }
}

function parseParameters(header: string, start: number): { params: Record<string, string>; end: number } {
  const params = new Map<string, string>();
  let end = start;
  for (
    let found = matchAt(PARAMETER, header, end);
    found !== undefined;
    found = matchAt(PARAMETER, header, end)
  ) {
    end = found.end;
    const [, name = "", quoted, token] = found.groups;
    const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? token ?? "";
    if (name !== "" && !params.has(name.toLowerCase())) params.set(name.toLowerCase(), value);
  }
  return { params: Object.fromEntries(params), end };
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { groups: (string | undefined)[]; end: number } | undefined {
  pattern.lastIndex = at;
  const groups = pattern.exec(text);
  return groups === null ? undefined : { groups, end: pattern.lastIndex };
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
