import Database from "better-sqlite3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { openDiskBlobs } from "../../src/blobs/disk.ts";
import { openCatalog } from "../../src/catalog/sql-catalog.ts";
import { openSqlite } from "../../src/catalog/sqlite.ts";
import { digestParts, type Digest } from "../../src/oci/digest.ts";
import { parseName } from "../../src/oci/name.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { mountBlob } from "../../src/registry/blobs.ts";
import { check, type CheckOptions } from "../../src/registry/check/check.ts";
import type { Finding, FindingKind, Report } from "../../src/registry/check/report.ts";
import { deleteManifest, putManifest } from "../../src/registry/manifests.ts";
import { PullNotes } from "../../src/registry/pulls.ts";
import { Tail } from "../../src/registry/tail.ts";
import { REGISTRY_DEFAULTS, type Registry } from "../../src/registry/registry.ts";
import { uploadBlob } from "../../src/registry/uploads.ts";
import { blobOf, descriptorOf, indexOf, manifestOf, type Artifact } from "../support/artifact.ts";

const ORIGIN = { actor: "test", requestId: "test" };
const APP = parseName("app");
const OTHER = parseName("other/app");

/**
 * What the data holds: a layer in two repositories, another in one, a config so small that the catalog keeps it, an image
 * with two tags, an index over it.
 */
export const LAYER = blobOf("a layer".padEnd(5_000));
export const LAST_LAYER = blobOf("the last layer".padEnd(5_000));
export const CONFIG = blobOf("{}");
export const IMAGE = manifestOf({ layers: [LAYER, LAST_LAYER].map(descriptorOf) });
export const INDEX = indexOf([descriptorOf(IMAGE)]);

/** A data folder with a bit of everything and no server, to be damaged by hand and checked. */
export class Data implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Data> {
    const data = new Data(await mkdtemp(join(tmpdir(), "supercargo-check-")));
    await data.use(async (registry) => {
      for (const blob of [LAYER, LAST_LAYER, CONFIG]) await pushBlob(registry, blob);
      await mountBlob(registry, { repository: OTHER, digest: LAYER.digest, from: APP }, ORIGIN);
      for (const tag of ["v1", "v2", "gone"]) await push(registry, tag, IMAGE);
      await push(registry, "all", INDEX);
      const gone = { repository: APP, reference: parseReference("gone") };
      await deleteManifest(registry, gone, ORIGIN);
    });
    return data;
  }

  async use<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
    await using catalog = await openCatalog(await openSqlite(this.folder));
    await using blobs = await openDiskBlobs(this.folder);
    await using pulls = new PullNotes(catalog, console.error);
    using tail = new Tail(catalog);
    return await work({ catalog, blobs, options: REGISTRY_DEFAULTS, pulls, tail });
  }

  check(options: Partial<CheckOptions> = {}): Promise<Report> {
    return this.use((registry) => check(registry, { hash: true, ...options }));
  }

  /** Changes the catalog behind its back. */
  edit(...statements: readonly string[]): void {
    const database = new Database(join(this.folder, "catalog.db"));
    for (const statement of statements) database.exec(statement);
    database.close();
  }

  pathOf(digest: Digest): string {
    const { algorithm, encoded } = digestParts(digest);
    return join(this.folder, "blobs", algorithm, encoded.slice(0, 2), encoded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

/** Stores a blob in the repository `app`, as a client would. */
export function pushBlob(registry: Registry, { digest, bytes }: Artifact): Promise<void> {
  const blob = { repository: APP, digest, source: Readable.from([bytes]), length: bytes.byteLength };
  return uploadBlob(registry, blob, ORIGIN);
}

/** Finding by finding: its kind, what it is about, and whether it was repaired. */
export function told({ faults, information }: Report): string[] {
  return [...faults, ...information].map(toldOf).toSorted((a, b) => a.localeCompare(b, "en"));
}

function toldOf({ kind, repository, tag, digest, revision, file, repaired }: Finding): string {
  const about = tag ?? digest ?? file ?? repository ?? revision;
  return `${kind satisfies FindingKind} ${repository && repository !== about ? `${repository} ` : ""}${about}${repaired ? ", repaired" : ""}`;
}

async function push(registry: Registry, tag: string, { bytes, mediaType }: Artifact): Promise<void> {
  const reference = parseReference(tag);
  await putManifest(
    registry,
    { repository: APP, reference, tags: [], bytes, contentType: mediaType },
    ORIGIN,
  );
}
