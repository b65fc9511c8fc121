import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import type { ConfigDetails, ManifestContent, Origin, Transaction } from "./catalog.ts";
import { hasUndescribed, markDescribed, storeContent, storeDetails } from "./content.ts";
import type { Engine, Queryable } from "./engine.ts";
import { append, type Draft } from "./log.ts";
import { placeholders } from "./rows.ts";
import { holdClock, storeTexts, type ValueText } from "./search-texts.ts";
import { markTagged } from "./tagged.ts";
import { applyChange, countChange } from "./tally.ts";

/** Digests looked up by one statement. */
const DIGESTS_PER_STATEMENT = 100;

/** Gathers the changes of one write. Its owner calls {@link SqlTransaction.finish} last. */
export class SqlTransaction implements Transaction {
  readonly #engine: Engine;
  readonly #tx: Queryable;
  readonly #repository: RepositoryName;
  readonly #drafts: Draft[] = [];
  /** What the drafts are about: tags, digests (which alone have a colon), and "" for the repository. */
  readonly #named = new Set<string>();
  readonly #described = new Map<Digest, ConfigDetails>();
  readonly #put = new Set<Digest>();
  readonly #values: ValueText[] = [];

  constructor(engine: Engine, tx: Queryable, repository: RepositoryName) {
    this.#engine = engine;
    this.#tx = tx;
    this.#repository = repository;
  }

  /** Takes revisions for what was gathered and applies it. */
  async finish(origin: Origin): Promise<void> {
    // By everyone, contents are held before the clock: who holds it waits for nobody.
    const both = { engine: this.#engine, tx: this.#tx };
    for (const [config, details] of this.#described) {
      this.#values.push(...(await storeDetails(both, config, details)));
    }
    if (this.#drafts.length > 0) {
      const drafts = this.#drafts;
      const change = await countChange(this.#tx, this.#repository, drafts);
      const span = await append(this.#tx, this.#repository, { drafts, origin });
      await markTagged(this.#tx, this.#repository, { drafts, span });
      await applyChange(this.#tx, this.#repository, { change, span });
      await this.#engine.announce(this.#tx);
    } else if (this.#values.length > 0) await holdClock(this.#tx);
    for (const config of this.#described.keys()) await markDescribed(this.#tx, this.#repository, config);
    const texts = { drafts: this.#drafts, values: this.#values };
    await this.#engine.last(this.#tx, () => storeTexts(this.#tx, this.#repository, texts));
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    const rows = await this.#tx.all(
      `select 1 from manifest where repository = ? and digest = ? and until is null`,
      [this.#repository, digest],
    );
    return rows.length > 0;
  }

  async findTag(tag: Tag): Promise<Digest | undefined> {
    const [row] = await this.#tx.all<{ digest: Digest }>(
      `select digest from tag where repository = ? and name = ? and until is null`,
      [this.#repository, tag],
    );
    return row?.digest;
  }

  async tagsOf(digest: Digest): Promise<readonly Tag[]> {
    const rows = await this.#tx.all<{ name: Tag }>(
      `select name from tag where repository = ? and digest = ? and until is null order by name`,
      [this.#repository, digest],
    );
    return rows.map((row) => row.name);
  }

  async blobsAmong(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const found = new Set<Digest>();
    for (let start = 0; start < digests.length; start += DIGESTS_PER_STATEMENT) {
      const some = digests.slice(start, start + DIGESTS_PER_STATEMENT);
      const rows = await this.#tx.all<{ digest: Digest }>(
        `select digest from blob where repository = ? and digest in (${placeholders(some.length)})`,
        [this.#repository, ...some],
      );
      for (const row of rows) found.add(row.digest);
    }
    return found;
  }

  async putManifest(content: ManifestContent, details?: ConfigDetails): Promise<void> {
    if (content.config && details) await this.describe(content.config, details);
    if (this.#put.has(content.digest) || (await this.hasManifest(content.digest))) return;
    this.#values.push(...(await storeContent(this.#tx, content)));
    if (this.#put.size === 0 && !(await this.#exists())) this.#draft({ type: "repository.created" });
    this.#draft({ type: "manifest.pushed", digest: content.digest });
    this.#put.add(content.digest);
  }

  async setTag(tag: Tag, digest: Digest): Promise<void> {
    if (!this.#put.has(digest) && !(await this.hasManifest(digest))) {
      throw new Error(`Tag ${tag} cannot point to ${digest}, which is not in ${this.#repository}.`);
    }
    if (this.#named.has(digest) && !this.#put.has(digest)) throw deletedToo(tag, digest);
    const previous = await this.findTag(tag);
    if (previous !== digest) this.#draft({ type: "tag.set", tag, digest, previous });
  }

  async deleteTag(tag: Tag): Promise<boolean> {
    const digest = await this.findTag(tag);
    if (!digest) return false;
    this.#draft({ type: "tag.deleted", tag, digest });
    return true;
  }

  async deleteManifest(digest: Digest): Promise<boolean> {
    if (!(await this.hasManifest(digest))) return false;
    const tagged = this.#drafts.find((draft) => draft.type === "tag.set" && draft.digest === digest);
    if (tagged?.tag) throw deletedToo(tagged.tag, digest);
    for (const tag of await this.tagsOf(digest)) this.#draft({ type: "tag.deleted", tag, digest });
    this.#draft({ type: "manifest.deleted", digest });
    return true;
  }

  async deleteRepository(): Promise<boolean> {
    if (!(await this.#exists())) return false;
    if (this.#drafts.length > 0) throw new Error(`${this.#repository} is changed and deleted in one write.`);
    const tags = await this.#tx.all<{ name: Tag; digest: Digest }>(
      `select name, digest from tag where repository = ? and until is null order by name`,
      [this.#repository],
    );
    const manifests = await this.#tx.all<{ digest: Digest }>(
      `select digest from manifest where repository = ? and until is null order by digest`,
      [this.#repository],
    );
    for (const { name, digest } of tags) this.#draft({ type: "tag.deleted", tag: name, digest });
    for (const { digest } of manifests) this.#draft({ type: "manifest.deleted", digest });
    this.#draft({ type: "repository.deleted" });
    await this.#tx.run(`delete from blob where repository = ?`, [this.#repository]);
    return true;
  }

  async addBlob(digest: Digest, size: number, bytes?: Uint8Array): Promise<void> {
    await this.#tx.run(
      `insert into blob (repository, digest, size, added, bytes) values (?, ?, ?, ?, ?)
        on conflict (repository, digest) do update set size = excluded.size, bytes = excluded.bytes
        where blob.bytes is null and excluded.bytes is not null`,
      [this.#repository, digest, size, Date.now(), bytes ?? null],
    );
  }

  async bytesOfBlob(digest: Digest): Promise<Uint8Array | undefined> {
    const [row] = await this.#tx.all<{ bytes: Uint8Array | null }>(
      `select bytes from blob where repository = ? and digest = ?`,
      [this.#repository, digest],
    );
    return row?.bytes ?? undefined;
  }

  async removeBlob(digest: Digest): Promise<boolean> {
    return (
      (await this.#tx.run(`delete from blob where repository = ? and digest = ?`, [
        this.#repository,
        digest,
      ])) > 0
    );
  }

  awaitsConfig(config: Digest): Promise<boolean> {
    return hasUndescribed(this.#tx, this.#repository, config);
  }

  async describe(config: Digest, details: ConfigDetails): Promise<void> {
    // Details are written to all contents of the config. Two that hold one each would wait for the other's.
    await this.#engine.lock(this.#tx, `config ${config}`);
    this.#described.set(config, details);
  }

  /** Effects are applied by type, not one after the other: so a write names each tag and each manifest once. */
  #draft(draft: Draft): void {
    const subject = draft.tag ?? draft.digest ?? "";
    if (this.#named.has(subject) || this.#drafts.at(-1)?.type === "repository.deleted") {
      throw new Error(`${this.#repository} ${subject} is changed twice in one write.`);
    }
    this.#named.add(subject);
    this.#drafts.push(draft);
  }

  async #exists(): Promise<boolean> {
    const rows = await this.#tx.all(`select 1 from repository where name = ? and until is null`, [
      this.#repository,
    ]);
    return rows.length > 0;
  }
}

function deletedToo(tag: Tag, digest: Digest): Error {
  return new Error(`Tag ${tag} cannot point to ${digest}, which the same write deletes.`);
}
