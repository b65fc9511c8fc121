import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Engine } from "./engine.ts";

/** Rows fetched at a time by reads that go through everything; fewer where each brings a manifest along. */
const SCAN_ROWS = 1_000;
const SCAN_MANIFESTS = 10;

type Membership = { readonly repository: RepositoryName; readonly digest: Digest; readonly size: number };
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
    const rows = await engine.all<Membership>(
      `select repository, digest, size from blob where (repository, digest) > (?, ?) order by repository, digest limit ?`,
      [repository, digest, SCAN_ROWS],
    );
    yield* rows;
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
