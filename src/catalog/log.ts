import { classOfTag } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import { semverKey } from "../oci/semver.ts";
import type { Tag } from "../oci/tag.ts";
import type { Event, EventType, Origin, Revision } from "./catalog.ts";
import type { Queryable, Value } from "./engine.ts";
import { insertRows } from "./rows.ts";
import { summaryOf, type SummaryRow } from "./content.ts";
import { platformNames } from "./schema-shown.ts";
import { annotatedBy, TAGS_IN_ROW_MAX, textInRow } from "./schema-in-row.ts";

/** A change that has been decided on and takes its revision when the write ends. */
export type Draft = {
  readonly type: EventType;
  readonly tag?: Tag;
  readonly digest?: Digest;
  readonly previous?: Digest | undefined;
};

/** Columns in which a tag has what its manifest has. */
const OF_ITS_MANIFEST = ["platforms", "marks", "described", "annotated", "annotations", "labels", "pulled"];

/** What the config of the content `c` says, if it is known and `b` says that it has been pushed to the repository. */
function ofConfig(said: string, otherwise = "null"): string {
  return `case when b.digest is not null and c.labels is not null then ${said} else ${otherwise} end`;
}

function mostOf(a: string, b: string): string {
  return `case when ${a} < ${b} then ${b} else ${a} end`;
}

/**
 * Facts as a function of the log: what each type of event does to them, as one statement over a span of revisions.
 * Within a span every fact is named once by each type of event, so the order of events in it does not matter. What a
 * write leaves of its repository as a whole, `tally.ts` says.
 */
const EFFECTS = counted([
  {
    types: ["manifest.pushed"],
    sql: `insert into manifest
        (repository, digest, since, subject, born, pushed, size, image_size, media_type, artifact_type, class, platforms,
          marks, annotations, described, image_created, labels, annotated, tagged, tag_names, tags_since)
      select e.repository, e.digest, e.revision, c.subject, e.revision, e.time, c.size, c.image_size, c.media_type,
        c.artifact_type, c.class, ${platformNames("e.digest")}, c.marks, ${textInRow("c.annotations")},
        ${ofConfig("1", "0")}, ${ofConfig("c.image_created")}, ${ofConfig(textInRow("c.labels"))},
        ${mostOf(annotatedBy("c.annotations"), ofConfig(annotatedBy("c.labels"), "0"))},
        case when t.digest is null then 0 else 1 end,
        case when t.digest is null then '' when t.tags <= ${TAGS_IN_ROW_MAX} then t.names end, coalesce(t.last, e.revision)
      from event e join content c on c.digest = e.digest
      left join blob b on b.repository = e.repository and b.digest = c.config
      left join (select digest, count(*) as tags, string_agg(tag, ' ' order by revision) as names, max(revision) as last
        from event where revision between ? and ? and type = 'tag.set' group by digest) t on t.digest = e.digest
      where e.revision between ? and ? and e.type = 'manifest.pushed'`,
  },
  {
    types: ["tag.set", "tag.deleted"],
    sql: `update tag set until = event.revision, ended = event.time from event
      where event.revision between ? and ? and event.type in ('tag.set', 'tag.deleted')
      and tag.repository = event.repository and tag.name = event.tag and tag.until is null`,
  },
  {
    types: ["tag.set"],
    sql: `insert into tag
        (repository, name, digest, since, born, created, updated, size, image_size, media_type, artifact_type, class,
          semver, ${OF_ITS_MANIFEST.join(", ")})
      select e.repository, e.tag, e.digest, e.revision, coalesce(p.born, e.revision), coalesce(p.created, e.time), e.time,
        m.size, m.image_size, m.media_type, m.artifact_type, coalesce(e.class, m.class), e.semver,
        ${OF_ITS_MANIFEST.map((column) => `m.${column}`).join(", ")}
      from event e join manifest m on m.repository = e.repository and m.digest = e.digest and m.until is null
      left join tag p on p.repository = e.repository and p.until = e.revision
      where e.revision between ? and ? and e.type = 'tag.set'`,
  },
  {
    types: ["manifest.deleted"],
    // At a revision within the write some of its tags are gone before it: which, is looked up.
    sql: `update manifest set until = event.revision, tag_names = null from event
      where event.revision between ? and ? and event.type = 'manifest.deleted'
      and manifest.repository = event.repository and manifest.digest = event.digest and manifest.until is null`,
  },
]);

type Effect = { readonly types: readonly EventType[]; readonly sql: string };

/** Each effect with how many times its statement wants the first and the last revision. */
function counted(effects: readonly Effect[]): readonly (Effect & { readonly spans: number })[] {
  return effects.map((effect) => ({ ...effect, spans: effect.sql.split("between ? and ?").length - 1 }));
}

/** Revisions a write was given, and its time in milliseconds since 1970. */
export type Span = { readonly first: Revision; readonly last: Revision; readonly time: number };

/**
 * Takes the next revisions for the drafts, of which there is at least one, writes them to the log, and lets them take
 * effect on the facts. To be called last in a transaction: from here on others who write wait, and the order in which they
 * got here is that of commits.
 */
export async function append(
  tx: Queryable,
  repository: RepositoryName,
  { drafts, origin }: { drafts: readonly Draft[]; origin: Origin },
): Promise<Span> {
  const now = Date.now();
  const [clock] = await tx.all<{ revision: number; time: number }>(
    `update clock set revision = revision + ?, time = case when time > ? then time else ? end
      where id = 1 returning revision, time`,
    [drafts.length, now, now],
  );
  if (!clock) throw new Error("The catalog has lost its clock.");
  const span = { first: clock.revision - drafts.length + 1, last: clock.revision, time: clock.time };
  const rows = drafts.map((draft, position): Value[] => [
    span.first + position,
    span.time,
    draft.type,
    repository,
    draft.tag ?? null,
    draft.digest ?? null,
    draft.previous ?? null,
    origin.actor,
    origin.requestId,
    draft.tag === undefined ? null : semverKey(draft.tag),
    draft.tag === undefined ? null : (classOfTag(draft.tag) ?? null),
  ]);
  const into =
    "event (revision, time, type, repository, tag, digest, previous, actor, request, semver, class)";
  await insertRows(tx, { into, rows });
  const types = new Set(drafts.map((draft) => draft.type));
  for (const { types: causes, sql, spans } of EFFECTS) {
    if (!causes.some((type) => types.has(type))) continue;
    await tx.run(sql, Array.from({ length: spans }, () => [span.first, span.last]).flat());
  }
  return span;
}

type LogRow = { newest: number; oldest: number };

type EventRow = Partial<SummaryRow> & {
  revision: number;
  time: number;
  type: EventType;
  repository: RepositoryName;
  tag: Tag | null;
  digest: Digest | null;
  previous: Digest | null;
  actor: string;
  request: string;
};

/** Events after a revision, oldest first, and where the log begins and ends at the same moment. */
export async function readLog(
  database: Queryable,
  { after, limit }: { after: Revision; limit: number },
): Promise<{ revision: Revision; oldest: Revision; events: Event[] }> {
  // One statement, because only that sees one state: a page that ends before `newest` without being full, or begins
  // after events that were compacted meanwhile, would lose them for its reader.
  const rows = await database.all<LogRow & (EventRow | { revision: null })>(
    `select clock.revision as newest, clock.oldest,
        page.revision, page.time, page.type, page.repository, page.tag, page.digest, page.previous, page.actor,
        page.request, content.media_type, content.artifact_type, content.size, content.image_size, content.subject
      from clock
      left join (
        select revision, time, type, repository, tag, digest, previous, actor, request
          from event where revision > ? order by revision limit ?
      ) page on true
      left join content on content.digest = page.digest
      where clock.id = 1 order by page.revision`,
    [after, limit],
  );
  const [clock] = rows;
  if (!clock) throw new Error("The catalog has lost its clock.");
  const events = rows.filter((row) => row.revision !== null).map(eventOf);
  return { revision: clock.newest, oldest: clock.oldest, events };
}

/** The event of a revision that is kept: the oldest one's is, though the log can be read only behind it. */
export async function findEvent(database: Queryable, revision: Revision): Promise<Event | undefined> {
  const { oldest, events } = await readLog(database, { after: revision - 1, limit: 1 });
  return revision < oldest ? undefined : events.find((event) => event.revision === revision);
}

/** Made in one piece, member by member: a log of millions is read. */
function eventOf(row: EventRow): Event {
  const event: { -readonly [Member in keyof Event]: Event[Member] } = {
    revision: row.revision,
    time: new Date(row.time),
    type: row.type,
    repository: row.repository,
    actor: row.actor,
    requestId: row.request,
  };
  if (row.tag !== null) event.tag = row.tag;
  if (row.digest !== null) event.digest = row.digest;
  if (row.previous !== null) event.previousDigest = row.previous;
  if (row.media_type) event.manifest = summaryOf(row as SummaryRow);
  return event;
}
