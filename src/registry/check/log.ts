import type { Catalog, Event, Facts, Revision } from "../../catalog/catalog.ts";
import type { Checking } from "./check.ts";
import type { Subject } from "./report.ts";

/** Events read at a time. */
const EVENTS_PER_PAGE = 1_000;

/** One fact, whatever it is about; the digest is what a tag points to. */
type Fact = Subject & { readonly since: Revision };

/**
 * Replays the log from the oldest facts that are kept, and compares the outcome with the facts at `revision`, with which
 * it resolves.
 */
export async function checkLog(
  { catalog, findings }: Checking,
  { revision, oldest }: { revision: Revision; oldest: Revision },
): Promise<Facts> {
  const replayed = factsByName(await catalog.facts(oldest));
  let last = oldest;
  for await (const event of eventsUpTo(catalog, { oldest, revision })) {
    findings.checked.events++;
    if (event.revision !== last + 1) findings.add("log.gap", gap(last, event.revision));
    last = event.revision;
    const problem = replay(replayed, event);
    if (problem !== undefined) findings.add("log.impossible", { ...subjectOf(event), message: problem });
  }
  if (last < revision) findings.add("log.gap", gap(last, revision + 1));
  const facts = await catalog.facts(revision);
  compare(replayed, { actual: factsByName(facts), findings });
  return facts;
}

async function* eventsUpTo(
  catalog: Catalog,
  { oldest, revision }: { oldest: Revision; revision: Revision },
): AsyncGenerator<Event> {
  for (let after = oldest; after < revision;) {
    const { events } = await catalog.events({ after, limit: EVENTS_PER_PAGE });
    for (const event of events) {
      if (event.revision > revision) return;
      yield event;
      after = event.revision;
    }
    if (events.length === 0) return;
  }
}

function gap(last: Revision, next: Revision): { revision: Revision; message: string } {
  const message =
    next - last === 2
      ? `Event ${last + 1} is not in the log.`
      : `Events ${last + 1} to ${next - 1} are not in the log.`;
  return { revision: last + 1, message };
}

/** Lets an event take effect; says why it cannot have happened, if so. */
function replay(facts: Map<string, Fact>, event: Event): string | undefined {
  const { revision: since, type, repository, tag, digest } = event;
  const name = nameOf(event);
  const before = facts.get(name);
  if (type.endsWith(".deleted")) facts.delete(name);
  else facts.set(name, { repository, tag, digest, since });
  if (type === "repository.created" || type === "manifest.pushed") {
    return before && `Event ${since} makes ${name}, which was there already.`;
  }
  if (type !== "tag.set" && !before) return `Event ${since} deletes ${name}, which was not there.`;
  const expected = type === "tag.set" ? event.previousDigest : digest;
  if (before?.digest === expected) return undefined;
  return `Event ${since} says that ${name} pointed to ${expected ?? "nothing"}; it pointed to ${before?.digest ?? "nothing"}.`;
}

function compare(
  replayed: ReadonlyMap<string, Fact>,
  { actual, findings }: { actual: ReadonlyMap<string, Fact>; findings: Checking["findings"] },
): void {
  for (const [name, fact] of replayed) {
    const found = actual.get(name);
    if (!found) {
      findings.add("fact.missing", { ...about(fact), message: `The log has ${name}, the facts do not.` });
    } else if (found.digest !== fact.digest || found.since !== fact.since) {
      const message = `Of ${name} the facts say ${told(found)}, and the log says ${told(fact)}.`;
      findings.add("fact.wrong", { ...about(found), message });
    }
  }
  for (const [name, fact] of actual) {
    if (replayed.has(name)) continue;
    findings.add("fact.unexplained", {
      ...about(fact),
      message: `The facts have ${name}, the log does not.`,
    });
  }
}

function factsByName({ repositories, manifests, tags }: Facts): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  const add = (fact: Fact): unknown => facts.set(nameOf(fact), fact);
  for (const { name, since } of repositories) add({ repository: name, since });
  for (const { repository, digest, since } of manifests) add({ repository, digest, since });
  for (const { repository, name, digest, since } of tags) add({ repository, tag: name, digest, since });
  return facts;
}

function nameOf({ repository, tag, digest }: Subject): string {
  if (tag !== undefined) return `tag ${repository}:${tag}`;
  return digest === undefined ? `repository ${repository}` : `manifest ${repository}@${digest}`;
}

function about({ repository, tag, digest, since }: Fact): Subject {
  return { repository, tag, digest, revision: since };
}

function subjectOf({ repository, tag, digest, revision }: Event): Subject {
  return { repository, tag, digest, revision };
}

function told({ tag, digest, since }: Fact): string {
  return tag === undefined ? `since ${since}` : `${digest} since ${since}`;
}
