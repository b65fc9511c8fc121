import assert from "node:assert/strict";

/** One line of the log, as a CloudEvent over HTTP. */
export type LogEvent = {
  /** Without the prefix that all of them share. */
  readonly type: string;
  readonly subject: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
};

type CloudEvent = {
  readonly type: string;
  readonly sequence: string;
  readonly subject: string;
  readonly data: { readonly repository?: string; readonly name?: string; readonly digest?: string };
};

/** What a repository holds: tags with what they point to, and manifests. */
type Held = { readonly tags: Map<string, string>; readonly manifests: Set<string> };

/** The whole log of a registry from its beginning, page by page. */
export async function readLog(registry: string): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for (;;) {
    const response = await fetch(`http://${registry}/v2/_supercargo/events?n=1000&after=${events.length}`);
    assert.equal(response.status, 200);
    const page = (await response.json()) as CloudEvent[];
    if (page.length === 0) return events;
    for (const event of page) {
      events.push(logEvent(event));
      assert.equal(Number(event.sequence), events.length, "revisions have no gap");
    }
  }
}

/** What a registry held at a revision, by its log and not by its lists: the tags of every repository that had content. */
export async function tagsAt(registry: string, revision: number): Promise<Map<string, string[]>> {
  const held = replay((await readLog(registry)).slice(0, revision));
  const filled = [...held].filter(([, { manifests }]) => manifests.size > 0);
  return new Map(filled.map(([name, { tags }]) => [name, [...tags.keys()].toSorted()]));
}

/** Fails unless the log, replayed, gives what the registry lists and serves: every repository, tag and manifest. */
export async function assertLogEqualsLists(registry: string): Promise<void> {
  const held = replay(await readLog(registry));
  const filled = [...held].filter(([, { manifests }]) => manifests.size > 0).map(([name]) => name);
  const { repositories } = await get<{ repositories: string[] }>(registry, "/v2/_catalog?n=10000");
  assert.deepEqual(repositories, filled.toSorted());
  for (const [name, { tags, manifests }] of held) {
    const listed: string[] = [];
    for (let page = await tagsAfter(registry, name, ""); page.length > 0;) {
      listed.push(...page);
      page = await tagsAfter(registry, name, page.at(-1) ?? "");
    }
    assert.deepEqual(listed, [...tags.keys()].toSorted());
    for (const digest of manifests) {
      const { status } = await fetch(`http://${registry}/v2/${name}/manifests/${digest}`, { method: "HEAD" });
      assert.equal(status, 200, `${name}@${digest} is in the log and not served`);
    }
    assert.deepEqual(
      [...tags.values()].filter((digest) => !manifests.has(digest)),
      [],
    );
  }
}

function replay(events: readonly LogEvent[]): Map<string, Held> {
  const held = new Map<string, Held>();
  for (const { type, repository, tag = "", digest = "" } of events) {
    const { tags, manifests } = held.get(repository) ?? { tags: new Map(), manifests: new Set() };
    if (type === "repository.created") held.set(repository, { tags: new Map(), manifests: new Set() });
    else if (type === "repository.deleted") held.delete(repository);
    else if (type === "manifest.pushed") manifests.add(digest);
    else if (type === "manifest.deleted") manifests.delete(digest);
    else if (type === "tag.set") tags.set(tag, digest);
    else if (type === "tag.deleted") tags.delete(tag);
    else throw new Error(`the log has an event that is not known: ${type}`);
  }
  return held;
}

function logEvent({ type, subject, data }: CloudEvent): LogEvent {
  const { repository = data.name ?? "", name, digest } = data;
  return {
    type: type.replace("dev.supercargo.", ""),
    subject,
    repository,
    ...(type.includes(".tag.") && name !== undefined && { tag: name }),
    ...(digest !== undefined && { digest }),
  };
}

async function tagsAfter(registry: string, name: string, last: string): Promise<string[]> {
  const { tags } = await get<{ tags: string[] }>(registry, `/v2/${name}/tags/list?n=1000&last=${last}`);
  return tags;
}

async function get<T>(registry: string, path: string): Promise<T> {
  const response = await fetch(`http://${registry}${path}`);
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}
