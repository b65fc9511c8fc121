import type { Queryable, Value } from "./engine.ts";
import { parentOf, pathsOf } from "./namespaces.ts";
import { insertRows } from "./rows.ts";

/** Writes that are read together. */
const WRITES_PER_PAGE = 1_000;

/**
 * Gives repositories, manifests and namespaces the versions that the second step wants, at every revision that is retained,
 * as if they had been written with it. Before the log begins they are as old as what is left of them.
 */
export async function versionStored(tx: Queryable): Promise<void> {
  for (const statement of VERSIONS) await tx.run(statement);
  await versionNamespaces(tx);
  await tx.run(`drop table write_span`);
}

const RETAINED = `(select oldest from clock where id = 1)`;

/** Everything that a repository's counts follow from, each with what it adds to them and when it was. */
const CHANGES = `
  select repository, revision, time, 0 as tags, 0 as manifests, 0 as size from event
  union all select name, since, created, 0, 0, 0 from repository
  union all select repository, since, updated, 1, 0, 0 from tag
  union all select repository, until, ended, -1, 0, 0 from tag where until is not null
  union all select repository, since, pushed, 0, 1, size from manifest
  union all select repository, until, pushed, 0, -1, -size from manifest where until is not null
  union all select repository, revision, 0, 0, 0,
      case when uses > 0 and uses = added then size when uses = 0 and added < 0 then -size else 0 end
    from (select repository, revision, size, added,
        sum(added) over (partition by repository, blob order by revision) as uses
      from (select repository, blob, revision, max(size) as size, sum(added) as added
        from (select m.repository, b.blob, b.size, m.since as revision, 1 as added
            from manifest m join content_blob b on b.digest = m.digest
          union all select m.repository, b.blob, b.size, m.until, -1
            from manifest m join content_blob b on b.digest = m.digest where m.until is not null) named
        group by repository, blob, revision) changed) used`;

/** A tag that goes with its manifest does not leave it untagged before: it is one write. */
const TAGGED = `
  select repository, digest, since, until, since as revision, 0 as added from manifest
  union all select m.repository, m.digest, m.since, m.until,
      case when s.first > m.since then s.first when s.first is null then t.since else m.since end, 1
    from manifest m join tag t on t.repository = m.repository and t.digest = m.digest and t.since > m.since
      and (m.until is null or t.since < m.until)
    left join write_span s on s.revision = t.since
  union all select m.repository, m.digest, m.since, m.until, coalesce(u.first, t.until), -1
    from manifest m join tag t on t.repository = m.repository and t.digest = m.digest and t.since > m.since
      and (m.until is null or t.since < m.until)
    left join write_span u on u.revision = t.until
    left join write_span g on g.revision = m.until
    where t.until is not null and (m.until is null or u.first is null or u.first <> g.first)`;

const VERSIONS = [
  // A write is what one request did to a repository in a row.
  `create table write_span as
    select revision, min(revision) over (partition by repository, time, actor, request, island) as first,
        max(revision) over (partition by repository, time, actor, request, island) as last
      from (select revision, repository, time, actor, request,
          revision - row_number() over (partition by repository, time, actor, request order by revision) as island
        from event) numbered`,
  `create unique index write_span_revision on write_span (revision)`,

  `create table repository_version as
    select v.repository, v.revision, coalesce(v.next, r.until) as until, r.born, r.created, v.time, v.tags,
        v.manifests, v.size
      from (select repository, revision, time, lead(revision) over history as next, sum(tags) over history as tags,
          sum(manifests) over history as manifests, sum(size) over history as size
        from (select repository, revision, max(time) as time, sum(tags) as tags, sum(manifests) as manifests,
            sum(size) as size from (${CHANGES}) change group by repository, revision) changed
        window history as (partition by repository order by revision)) v
      join repository r on r.name = v.repository and r.since <= v.revision
        and (r.until is null or v.revision < r.until)
      where v.next is null or v.next > ${RETAINED}`,
  `delete from repository`,
  `insert into repository (name, since, until, born, created, updated, tags, manifests, size)
    select repository, revision, until, born, created, time, tags, manifests, size from repository_version`,
  `drop table repository_version`,

  `create table manifest_version as
    select repository, digest, since, revision, tagged,
        coalesce(lead(revision) over (partition by repository, digest, since order by revision), until) as until
      from (select repository, digest, since, until, revision, tagged,
          lag(tagged) over (partition by repository, digest, since order by revision) as before
        from (select repository, digest, since, until, revision,
            case when sum(sum(added)) over (partition by repository, digest, since order by revision) > 0
              then 1 else 0 end as tagged
          from (${TAGGED}) change group by repository, digest, since, until, revision) counted) compared
      where before is null or before <> tagged`,
  `update manifest set tagged = v.tagged, until = v.until from manifest_version v
    where v.repository = manifest.repository and v.digest = manifest.digest and v.since = manifest.since
      and v.revision = v.since`,
  `insert into manifest (repository, digest, since, until, subject, described, born, pushed, size, image_size,
      artifact_type, tagged)
    select m.repository, m.digest, v.revision, v.until, m.subject, m.described, m.born, m.pushed, m.size,
        m.image_size, m.artifact_type, v.tagged
      from manifest_version v
      join manifest m on m.repository = v.repository and m.digest = v.digest and m.since = v.since
      where v.revision > v.since`,
  `drop table manifest_version`,
];

type Times = {
  readonly since: number;
  readonly born: number;
  readonly created: number;
  readonly updated: number;
};

/** A version of a namespace: whether it is a repository, those below it, and how many of them all are not empty. */
type Namespace = Times & { readonly repository: number; readonly below: number; readonly filled: number };

/** A write's last event, and how many manifests it left; none where it deleted the repository. */
type Write = {
  readonly first: number;
  readonly last: number;
  readonly time: number;
  readonly name: string;
  readonly manifests: number | null;
};

async function versionNamespaces(tx: Queryable): Promise<void> {
  const current = new Map<string, Namespace>();
  const manifests = new Map<string, number>();
  for (const row of await repositoriesAtFirst(tx)) {
    manifests.set(row.name, row.manifests);
    for (const path of pathsOf(row.name)) current.set(path, joined(current.get(path), path, row));
  }
  for (let after = 0, writes: Write[] = []; ; after = writes.at(-1)?.last ?? 0) {
    writes = await readWrites(tx, after);
    if (writes.length === 0) break;
    const ended = writes.flatMap((write) => {
      const rows = applyWrite(current, write, manifests.get(write.name));
      if (write.manifests === null) manifests.delete(write.name);
      else manifests.set(write.name, write.manifests);
      return rows;
    });
    await insertNamespaces(tx, ended);
  }
  await insertNamespaces(
    tx,
    [...current].map(([path, namespace]) => rowOf(path, namespace, null)),
  );
}

function repositoriesAtFirst(tx: Queryable): Promise<({ name: string; manifests: number } & Times)[]> {
  return tx.all(
    `select name, since, born, created, updated, manifests from repository
      where since <= ${RETAINED} and (until is null or until > ${RETAINED})`,
  );
}

function joined(
  before: Namespace | undefined,
  path: string,
  { name, manifests, since, born, created, updated }: { name: string; manifests: number } & Times,
): Namespace {
  return {
    repository: (before?.repository ?? 0) + Number(path === name),
    below: (before?.below ?? 0) + Number(path !== name),
    filled: (before?.filled ?? 0) + Number(manifests > 0),
    since: Math.max(before?.since ?? since, since),
    born: Math.min(before?.born ?? born, born),
    created: Math.min(before?.created ?? created, created),
    updated: Math.max(before?.updated ?? updated, updated),
  };
}

function readWrites(tx: Queryable, after: number): Promise<Write[]> {
  return tx.all(
    `select s.first, s.last, e.time, e.repository as name, r.manifests
      from write_span s join event e on e.revision = s.revision
      left join repository r on r.name = e.repository and r.since = s.revision
      where s.revision = s.last and s.revision > ? and s.revision > ${RETAINED} order by s.revision limit ?`,
    [after, WRITES_PER_PAGE],
  );
}

/** Resolves with the versions that a write ended. */
function applyWrite(current: Map<string, Namespace>, write: Write, before: number | undefined): Value[][] {
  const { time, name, manifests } = write;
  const since = manifests === null ? write.last : write.first;
  const added = Number(manifests !== null) - Number(before !== undefined);
  const filled = Number((manifests ?? 0) > 0) - Number((before ?? 0) > 0);
  return pathsOf(name).flatMap((path) => {
    const old = current.get(path);
    const next: Namespace = {
      repository: (old?.repository ?? 0) + (path === name ? added : 0),
      below: (old?.below ?? 0) + (path === name ? 0 : added),
      filled: (old?.filled ?? 0) + filled,
      since,
      born: old?.born ?? since,
      created: old?.created ?? time,
      updated: time,
    };
    if (next.repository + next.below > 0) current.set(path, next);
    else current.delete(path);
    return old ? [rowOf(path, old, since)] : [];
  });
}

function rowOf(path: string, { since, ...namespace }: Namespace, until: number | null): Value[] {
  const { repository, below, filled, born, created, updated } = namespace;
  return [path, parentOf(path), since, until, repository, below, filled, born, created, updated];
}

function insertNamespaces(tx: Queryable, rows: readonly (readonly Value[])[]): Promise<void> {
  const into =
    "namespace (path, parent, since, until, repository, repositories, filled, born, created, updated)";
  return insertRows(tx, { into, rows });
}
