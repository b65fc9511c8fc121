import assert from "node:assert/strict";
import { parseLink } from "../../src/oci/link.ts";
import { manifestOf } from "./artifact.ts";
import { expectAnswer, jsonOf, type Received } from "./exchange.ts";

/** The names on a page of either list. */
export function namesOn(answer: Received): string[] {
  const { repositories, tags } = jsonOf(answer) as { repositories?: string[]; tags?: string[] };
  const names = repositories ?? tags;
  assert.ok(Array.isArray(names), "the list is an array");
  return names;
}

/** Where a page's Link leads, which must have the one form that all clients can follow (B2). */
export function nextOf({ headers, rawHeaders }: Received): string | undefined {
  const { link } = headers;
  if (link === undefined) return undefined;
  assert.match(String(link), /^<\/v2\/[^<>;,=]+\?last=[^<>;,=&]+&n=\d+&at=\d+>; rel="next"$/);
  assert.equal(rawHeaders.filter((name) => name.toLowerCase() === "link").length, 1);
  const [{ url } = { url: "" }, ...others] = parseLink(String(link));
  assert.deepEqual(others, []);
  return url;
}

/** All names from a page on, as a client collects them. `between` runs after each page. */
export async function crawl(
  host: string,
  first: string,
  between: (page: string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const all: string[] = [];
  for (let next: string | undefined = first; next !== undefined;) {
    const answer: Received = await expectAnswer(host, `GET ${next}`, { status: 200 });
    const page = namesOn(answer);
    all.push(...page);
    next = nextOf(answer);
    await between(page);
  }
  return all;
}

/** Points tags of a repository to one manifest, which it pushes with them. */
export async function pushTags(host: string, repository: string, tags: readonly string[]): Promise<void> {
  const { digest, bytes, mediaType } = manifestOf();
  for (let at = 0; at < tags.length; at += 50) {
    const query = tags.slice(at, at + 50).map((tag) => `tag=${tag}`);
    await expectAnswer(host, `PUT /v2/${repository}/manifests/${digest}?${query.join("&")}`, {
      send: { headers: { "Content-Type": mediaType }, body: bytes },
      status: 201,
    });
  }
}
