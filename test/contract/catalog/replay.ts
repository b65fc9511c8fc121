import assert from "node:assert/strict";
import type { Event, Facts, Revision } from "../../../src/catalog/catalog.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import type { RepositoryName } from "../../../src/oci/name.ts";
import type { Tag } from "../../../src/oci/tag.ts";

type RepositoryFact = Facts["repositories"][number];
type ManifestFact = Facts["manifests"][number];
type TagFact = Facts["tags"][number] & { readonly created: Date; readonly updated: Date };

/**
 * The facts that a log gives, event by event; and no event may say what cannot be: that is how a lost, doubled or
 * reordered one shows.
 */
export class Replay {
  revision: Revision = 0;
  readonly repositories = new Map<RepositoryName, RepositoryFact>();
  readonly #manifests = new Map<string, ManifestFact>();
  readonly #tags = new Map<string, TagFact>();
  #time = new Date(0);

  /** The facts after all of these events. */
  static of(events: readonly Event[]): Replay {
    const replay = new Replay();
    for (const event of events) replay.apply(event);
    return replay;
  }

  /** The facts after each of these events, by revision; the first ones before any. */
  static states(events: readonly Event[]): Replay[] {
    return [0, ...events.map((event) => event.revision)].map((revision) =>
      Replay.of(events.slice(0, revision)),
    );
  }

  manifest(repository: RepositoryName, digest: Digest): ManifestFact | undefined {
    return this.#manifests.get(`${repository} ${digest}`);
  }

  tag(repository: RepositoryName, tag: Tag): TagFact | undefined {
    return this.#tags.get(`${repository} ${tag}`);
  }

  manifestsOf(repository: RepositoryName): ManifestFact[] {
    return [...this.#manifests.values()].filter((fact) => fact.repository === repository).toSorted(byDigest);
  }

  tagsOf(repository: RepositoryName): TagFact[] {
    return [...this.#tags.values()].filter((fact) => fact.repository === repository).toSorted(byName);
  }

  facts(): Facts {
    const repositories = [...this.repositories.values()].toSorted(byName);
    const tags = repositories.flatMap(({ name }) => this.tagsOf(name));
    return {
      repositories,
      manifests: repositories.flatMap(({ name }) => this.manifestsOf(name)),
      tags: tags.map(({ repository, name, digest, since }) => ({ repository, name, digest, since })),
    };
  }

  apply(event: Event): this {
    assert.equal(event.revision, this.revision + 1, "an event is missing or comes twice");
    assert.ok(event.time >= this.#time, `the time of event ${event.revision} goes back`);
    this.revision = event.revision;
    this.#time = event.time;
    if (event.type.startsWith("repository.")) this.#applyRepository(event);
    else if (event.tag !== undefined) this.#applyTag(event, event.tag);
    else this.#applyManifest(event);
    return this;
  }

  #applyRepository({ type, repository, revision }: Event): void {
    const isNew = type === "repository.created";
    assert.equal(this.repositories.has(repository), !isNew, `event ${revision} cannot be`);
    assert.deepEqual([...this.tagsOf(repository), ...this.manifestsOf(repository)], []);
    if (isNew) this.repositories.set(repository, { name: repository, since: revision });
    else this.repositories.delete(repository);
  }

  #applyManifest({ type, repository, revision, digest }: Event): void {
    assert.ok(digest, `event ${revision} has no digest`);
    assert.ok(this.repositories.has(repository), `event ${revision} is in no repository`);
    const isNew = type === "manifest.pushed";
    assert.equal(this.manifest(repository, digest) !== undefined, !isNew, `event ${revision} cannot be`);
    const pointing = this.tagsOf(repository).filter((tag) => tag.digest === digest);
    assert.deepEqual(pointing, [], `event ${revision} leaves tags that point nowhere`);
    if (isNew) this.#manifests.set(`${repository} ${digest}`, { repository, digest, since: revision });
    else this.#manifests.delete(`${repository} ${digest}`);
  }

  #applyTag(event: Event, name: Tag): void {
    const { type, repository, revision, digest, previousDigest, time } = event;
    assert.ok(
      digest && this.manifest(repository, digest),
      `event ${revision} names no manifest that is there`,
    );
    const current = this.tag(repository, name);
    if (type === "tag.deleted") {
      assert.equal(digest, current?.digest, `event ${revision} deletes another tag than there was`);
      this.#tags.delete(`${repository} ${name}`);
      return;
    }
    assert.equal(previousDigest, current?.digest, `event ${revision} breaks the chain of the tag`);
    assert.notEqual(digest, current?.digest, `event ${revision} changes nothing`);
    const created = current?.created ?? time;
    this.#tags.set(`${repository} ${name}`, {
      repository,
      name,
      digest,
      since: revision,
      created,
      updated: time,
    });
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
const byDigest = (a: { digest: string }, b: { digest: string }): number => (a.digest < b.digest ? -1 : 1);
