import assert from "node:assert/strict";
import { parseLink } from "../../src/oci/link.ts";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifestOf, pushManifest } from "./artifact.ts";
import { expectAnswer, jsonOf, type Received } from "./exchange.ts";
import type { TestRegistry } from "./registry.ts";

/** Pushes one manifest to each repository, under each tag. */
export async function fill(
  { host, catalog }: TestRegistry,
  repositories: readonly string[],
  tags: readonly string[] = ["v1"],
): Promise<void> {
  const [first = "v1", ...others] = tags;
  for (const repository of repositories) {
    await pushManifest(host, `${repository}:${first}`, manifestOf());
    await catalog.write(parseName(repository), { actor: "test", requestId: "test" }, async (tx) => {
      for (const tag of others) await tx.setTag(parseTag(tag), manifestOf().digest);
    });
  }
}

/** More pages than any list of a test has: then its links lead round and round. */
const PAGES_MAX = 1_000;

/** The names on all pages of a form, read by following its links; digests where there are no names. */
export async function followed(
  host: string,
  first: string,
  between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const all: string[] = [];
  let pages = 0;
  for (let next: string | undefined = first; next !== undefined;) {
    assert.ok(pages++ < PAGES_MAX, `the links of ${first} have no end`);
    const answer: Received = await expectAnswer(host, `GET ${next}`, { status: 200 });
    all.push(...entriesOf(jsonOf(answer)));
    next = parseLink(String(answer.headers["link"] ?? ""))[0]?.url;
    if (next !== undefined) await between();
  }
  return all;
}

type Body = {
  readonly repositories?: string[];
  readonly tags?: string[];
  readonly manifests?: { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
};

function entriesOf(json: unknown): string[] {
  if (Array.isArray(json)) return json.map(({ name }: { name: string }) => name);
  const { repositories, tags, manifests = [] } = json as Body;
  const described = manifests.map(
    ({ digest, annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? digest,
  );
  return repositories ?? tags ?? described;
}
