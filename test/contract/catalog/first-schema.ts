import type { Event, EventType, ManifestContent, Revision } from "../../../src/catalog/catalog.ts";
import type { Queryable, Value } from "../../../src/catalog/engine.ts";
import { formatPlatform } from "../../../src/oci/platform.ts";
import { labelsOf, REPOSITORIES } from "./list-samples.ts";

/** What is written: all events there were, what they name, where the log was cut, and how far rows before that are gone. */
type History = {
  readonly events: readonly Event[];
  readonly contents: readonly ManifestContent[];
  readonly oldest: Revision;
  readonly forgotten: Revision;
};

/** Writes what the events did, row by row, as the first version of the schema has it. */
export async function writeFirstSchema(
  tx: Queryable,
  { events, contents, oldest, forgotten }: History,
): Promise<void> {
  for (const content of contents) await writeContent(tx, content);
  for (const event of events) {
    const { revision, time, type, repository, tag, digest, previousDigest, actor, requestId } = event;
    await insert(tx, "event", [
      revision,
      time.getTime(),
      type,
      repository,
      tag ?? null,
      digest ?? null,
      previousDigest ?? null,
      actor,
      requestId,
    ]);
    await EFFECTS[type](tx, event);
    if (type === "manifest.pushed") await describe(tx, event, contents);
  }
  const last = events.at(-1);
  await tx.run(`update clock set revision = ?, time = ?, oldest = ?`, [
    last?.revision ?? 0,
    last?.time.getTime() ?? 0,
    oldest,
  ]);
  for (const rows of ["event where revision", "repository where until", "manifest where until"]) {
    await tx.run(`delete from ${rows} <= ?`, [forgotten]);
  }
}

async function writeContent(tx: Queryable, content: ManifestContent): Promise<void> {
  const { digest, mediaType, artifactType, size, imageSize, subject, config, annotations, bytes } = content;
  const labels = Object.entries(labelsOf(REPOSITORIES[0]!, content));
  await insert(tx, "content", [
    digest,
    mediaType,
    artifactType ?? null,
    size,
    imageSize,
    subject ?? null,
    config ?? null,
    JSON.stringify(annotations),
    labels.length > 0 ? JSON.stringify(Object.fromEntries(labels)) : null,
    null,
    bytes,
  ]);
  for (const { digest: named } of content.blobs) await insert(tx, "content_blob", [digest, named]);
  for (const each of content.platforms) await insert(tx, "content_platform", [digest, formatPlatform(each)]);
  for (const pair of Object.entries(annotations)) await insert(tx, "content_annotation", [digest, ...pair]);
  for (const pair of labels) await insert(tx, "content_label", [digest, ...pair]);
}

/** What a manifest's row has of its content. */
async function describe(
  tx: Queryable,
  { revision, repository, digest }: Event,
  contents: readonly ManifestContent[],
): Promise<void> {
  const content = contents.find((each) => each.digest === digest)!;
  const described = Number(Object.keys(labelsOf(repository, content)).length > 0);
  await tx.run(`update manifest set subject = ?, described = ? where since = ?`, [
    content.subject ?? null,
    described,
    revision,
  ]);
}

type Effect = (tx: Queryable, event: Event) => Promise<unknown>;

const endTag: Effect = (tx, { revision, repository, tag = "" }) =>
  tx.run(`update tag set until = ? where repository = ? and name = ? and until is null`, [
    revision,
    repository,
    tag,
  ]);

const EFFECTS: Readonly<Record<EventType, Effect>> = {
  "repository.created": (tx, { revision, repository }) =>
    insert(tx, "repository", [repository, revision, null]),
  "repository.deleted": (tx, { revision, repository }) =>
    tx.run(`update repository set until = ? where name = ? and until is null`, [revision, repository]),
  "manifest.pushed": (tx, { revision, repository, digest = "" }) =>
    insert(tx, "manifest", [repository, digest, revision, null, null, 0]),
  "manifest.deleted": (tx, { revision, repository, digest = "" }) =>
    tx.run(`update manifest set until = ? where repository = ? and digest = ? and until is null`, [
      revision,
      repository,
      digest,
    ]),
  "tag.deleted": endTag,
  "tag.set": async (tx, event) => {
    const { revision, time, repository, tag = "", digest = "" } = event;
    const [current] = await tx.all<{ created: number }>(
      `select created from tag where repository = ? and name = ? and until is null`,
      [repository, tag],
    );
    await endTag(tx, event);
    const created = current?.created ?? time.getTime();
    await insert(tx, "tag", [repository, tag, digest, revision, null, created, time.getTime()]);
  },
};

function insert(tx: Queryable, table: string, values: readonly Value[]): Promise<number> {
  return tx.run(`insert into ${table} values (${values.map(() => "?").join(", ")})`, values);
}
