import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { BlobMember, Facts } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import type { Moment } from "./moment.ts";

/** Rows fetched at a time by reads that go through everything; fewer where each brings a manifest along. */
const SCAN_ROWS = 1_000;
const SCAN_MANIFESTS = 10;

type Membership = BlobMember & { readonly repository: RepositoryName; readonly digest: Digest };
type MembershipRow = { repository: RepositoryName; digest: Digest; size: number; bytes: Uint8Array | null };
type ContentRow = { digest: Digest; media_type: string; size: number; bytes: Uint8Array | null };
type StoredContent = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly bytes: Uint8Array | undefined;
};

/** Every blob membership, by repository and digest. */
export async function* allBlobs(engine: Engine): AsyncGenerator<Membership> {
  let [repository, digest] = ["", ""];
  for (;;) {
    const rows = await engine.all<MembershipRow>(
      `select repository, digest, size, bytes from blob where (repository, digest) > (?, ?) order by repository, digest limit ?`,
      [repository, digest, SCAN_ROWS],
    );
    for (const { bytes, ...row } of rows) yield { ...row, ...(bytes && { bytes }) };
    const last = rows.at(-1);
    if (!last) return;
    ({ repository, digest } = last);
  }
}

/** Every stored manifest by digest. */
export async function* allContents(engine: Engine): AsyncGenerator<StoredContent> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const rows: ContentRow[] = await engine.all(
      `select digest, media_type, size, bytes from content where digest > ? order by digest limit ?`,
      [after, SCAN_MANIFESTS],
    );
    for (const { digest, media_type: mediaType, size, bytes } of rows) {
      yield { digest, mediaType, size, bytes: bytes ?? undefined };
    }
    after = rows.at(-1)?.digest;
  }
}

/** All facts of a moment that has passed. */
export async function allFacts(engine: Engine, { holds, values }: Moment): Promise<Facts> {
  const where = `where ${holds("f")}`;
  const read = <Row>(sql: string): Promise<Row[]> => engine.all<Row>(sql, values);
  return {
    repositories: await read(`select f.name, f.born as since from repository f ${where} order by f.name`),
    manifests: await read(
      `select f.repository, f.digest, f.born as since from manifest f ${where} order by f.repository, f.digest`,
    ),
    tags: await read(
      `select f.repository, f.name, f.digest, f.since from tag f ${where} order by f.repository, f.name`,
    ),
  };
}
