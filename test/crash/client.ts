import assert from "node:assert/strict";
import type { Digest } from "../../src/oci/digest.ts";
import {
  blobOf,
  descriptorOf,
  indexOf,
  manifestOf,
  startUpload,
  type Artifact,
} from "../support/artifact.ts";
import { expectAnswer, send } from "../support/exchange.ts";
import { Journal, type ChangeRequest, type State } from "./journal.ts";
import type { Random } from "./random.ts";

/** Blobs that all clients push, so that several store the same one at the same time. */
const COMMON_BLOBS = 20;
/** Largest blob, in bytes: large enough to be cut off in the middle. */
const BLOB_BYTES_MAX = 256 * 1024;
const LAYERS_MAX = 3;
const CHUNKS_MAX = 5;
const TAGS = Array.from({ length: 10 }, (_, n) => `t${n}`);

/** An upload whose end was not acknowledged. */
type Upload = {
  readonly journal: Journal;
  readonly location: string;
  readonly blob: Artifact;
  /** Bytes that the server has said it has. */
  acknowledged: number;
  /** True once it was asked to finish: then it may have gone. */
  isFinishing: boolean;
};

/** A client with two repositories of its own, which sends one request after the other and remembers what was said. */
export class Client {
  /** Requests that were acknowledged, and uploads that were gone on with after a crash. */
  readonly totals = { acknowledged: 0, resumed: 0 };
  readonly #name: string;
  readonly #random: Random;
  readonly #journals: readonly [Journal, Journal];
  readonly #uploads = new Set<Upload>();
  #made = 0;

  constructor(name: string, random: Random) {
    this.#name = name;
    this.#random = random;
    this.#journals = [new Journal(`${name}/app`), new Journal(`${name}/other/app`)];
  }

  /** Sends requests until one fails. */
  async work(host: string): Promise<never> {
    for (;;) await this.#step(host);
  }

  /** Holds the server to all that it has acknowledged, and goes on with the uploads that a crash has cut off. */
  async verify(host: string): Promise<void> {
    for (const journal of this.#journals) await journal.verify(host);
    for (const upload of this.#uploads) await this.#resume(host, upload);
  }

  async #step(host: string): Promise<void> {
    const journal = this.#journals[this.#random.below(2)] ?? this.#journals[0];
    const other = this.#journals[journal === this.#journals[0] ? 1 : 0];
    const { blobs, manifests, tags, exists } = journal.state;
    const chance = this.#random.below(100);
    const [blob, digest, tag] = [
      this.#random.pick(blobs),
      this.#random.pick(manifests),
      this.#random.pick(tags.keys()),
    ];
    if (chance < 40) await this.#pushBlob(host, journal);
    else if (chance < 75) await this.#pushManifest(host, journal);
    else if (chance < 83) await this.#mount(host, { from: other, to: journal });
    else if (chance < 89 && tag)
      await this.#delete(host, { journal, path: `manifests/${tag}`, change: withoutTag(tag) });
    else if (chance < 94 && digest)
      await this.#delete(host, { journal, path: `manifests/${digest}`, change: withoutManifest(digest) });
    else if (chance < 98 && blob)
      await this.#delete(host, {
        journal,
        path: `blobs/${blob}`,
        change: (state) => state.blobs.delete(blob),
      });
    else if (chance === 98 && exists)
      await this.#delete(host, { journal, path: "_supercargo/repository", change: withoutAnything });
  }

  async #pushBlob(host: string, journal: Journal): Promise<void> {
    const { repository } = journal;
    const blob = this.#newBlob();
    journal.sent.set(blob.digest, blob);
    const way = this.#random.below(4);
    if (way === 0) {
      const request = `POST /v2/${repository}/blobs/uploads/?digest=${blob.digest}`;
      return this.#change(host, journal, { request, status: 201, artifact: blob, change: withBlob(blob) });
    }
    const location = await startUpload(host, repository);
    const upload: Upload = { journal, location, blob, acknowledged: 0, isFinishing: false };
    this.#uploads.add(upload);
    if (way === 1) return this.#finish(host, upload);
    const chunks = 1 + this.#random.below(CHUNKS_MAX);
    for (let n = 0; n < chunks; n++) await this.#append(host, upload, Math.ceil(blob.bytes.length / chunks));
    // Some are left as they are, for the time after the crash.
    if (way === 2) await this.#finish(host, upload);
  }

  async #append(host: string, upload: Upload, size: number): Promise<void> {
    const { location, blob, acknowledged } = upload;
    const body = blob.bytes.subarray(acknowledged, acknowledged + size);
    if (body.length === 0) return;
    const headers = { "Content-Range": `${acknowledged}-${acknowledged + body.length - 1}` };
    await expectAnswer(host, `PATCH ${location}`, { send: { body, headers }, status: 202 });
    upload.acknowledged += body.length;
  }

  /** Sends what is missing of an upload and ends it. */
  async #finish(host: string, upload: Upload): Promise<void> {
    const { journal, location, blob, acknowledged } = upload;
    upload.isFinishing = true;
    const artifact = { ...blob, bytes: blob.bytes.subarray(acknowledged) };
    const request = `PUT ${location}?digest=${blob.digest}`;
    await this.#change(host, journal, { request, status: 201, artifact, change: withBlob(blob) });
    this.#uploads.delete(upload);
  }

  /** What was acknowledged of an upload must be there; the rest is sent, and the digest proves that nothing else is. */
  async #resume(host: string, upload: Upload): Promise<void> {
    const { location, blob, acknowledged, isFinishing } = upload;
    const { status, headers } = await send(host, `GET ${location}`);
    this.#uploads.delete(upload);
    if (status === 404 && (isFinishing || acknowledged === 0)) return;
    assert.equal(status, 204, `upload ${location} with ${acknowledged} bytes acknowledged is lost`);
    const last = Number(/^0-(\d+)$/.exec(headers.range ?? "")?.[1]);
    // The header has no other word for nothing.
    const size = last === 0 ? 0 : last + 1;
    assert.ok(
      size >= acknowledged && size <= blob.bytes.length,
      `${location} has ${size} bytes, not ${acknowledged}`,
    );
    if (size === 0 || this.#random.percent(25)) {
      await expectAnswer(host, `DELETE ${location}`, { status: 204 });
      return;
    }
    this.#uploads.add(upload);
    upload.acknowledged = size;
    await this.#finish(host, upload);
    this.totals.resumed++;
  }

  async #pushManifest(host: string, journal: Journal): Promise<void> {
    const manifest = this.#random.percent(30) ? this.#oldManifest(journal) : this.#newManifest(journal);
    journal.sent.set(manifest.digest, manifest);
    const [one = "t0", two = "t1"] = [this.#random.pick(TAGS), this.#random.pick(TAGS)];
    const isByTag = this.#random.percent(60);
    const tags = isByTag ? [one] : this.#random.percent(50) ? [one, two] : [];
    const reference = isByTag ? one : manifest.digest + (tags.length > 0 ? `?tag=${tags.join("&tag=")}` : "");
    await this.#change(host, journal, {
      request: `PUT /v2/${journal.repository}/manifests/${reference}`,
      status: 201,
      artifact: manifest,
      change: (state) => {
        state.exists = true;
        state.manifests.add(manifest.digest);
        for (const tag of tags) state.tags.set(tag, manifest.digest);
      },
    });
  }

  async #mount(host: string, { from, to }: { from: Journal; to: Journal }): Promise<void> {
    const digest = this.#random.pick(from.state.blobs);
    const blob = digest && from.sent.get(digest);
    if (!blob) return;
    to.sent.set(blob.digest, blob);
    const request = `POST /v2/${to.repository}/blobs/uploads/?mount=${digest}&from=${from.repository}`;
    await this.#change(host, to, { request, status: 201, change: withBlob(blob) });
  }

  #delete(
    host: string,
    { journal, path, change }: { journal: Journal; path: string; change: (state: State) => void },
  ): Promise<void> {
    return this.#change(host, journal, {
      request: `DELETE /v2/${journal.repository}/${path}`,
      status: 202,
      change,
    });
  }

  async #change(host: string, journal: Journal, change: ChangeRequest): Promise<void> {
    await journal.change(host, change);
    this.totals.acknowledged++;
  }

  #newBlob(): Artifact {
    const isCommon = this.#random.percent(30);
    const n = isCommon ? this.#random.below(COMMON_BLOBS) : this.#made++;
    const text = isCommon ? `blob ${n} of all; ` : `blob ${n} of ${this.#name}; `;
    // Few are large, as with layers.
    const size = Math.ceil((isCommon ? n / COMMON_BLOBS : this.#random.next()) ** 4 * BLOB_BYTES_MAX);
    return blobOf(text.repeat(1 + Math.floor(size / text.length)));
  }

  #newManifest({ state, sent }: Journal): Artifact {
    const annotations = { n: `${this.#name} ${this.#made++}` };
    const among = (digests: Set<Digest>): object[] =>
      [...digests].slice(-1 - this.#random.below(LAYERS_MAX)).flatMap((digest) => {
        const artifact = sent.get(digest);
        return artifact ? [descriptorOf(artifact)] : [];
      });
    return this.#random.percent(20)
      ? indexOf(among(state.manifests), { annotations })
      : manifestOf({ layers: among(state.blobs), annotations });
  }

  #oldManifest(journal: Journal): Artifact {
    const digest = this.#random.pick(journal.state.manifests);
    return (digest && journal.sent.get(digest)) ?? this.#newManifest(journal);
  }
}

function withBlob({ digest }: Artifact): (state: State) => void {
  return ({ blobs }) => blobs.add(digest);
}

function withoutTag(tag: string): (state: State) => void {
  return ({ tags }) => tags.delete(tag);
}

function withoutManifest(digest: Digest): (state: State) => void {
  return ({ manifests, tags }) => {
    manifests.delete(digest);
    for (const [tag, target] of tags) if (target === digest) tags.delete(tag);
  };
}

function withoutAnything(state: State): void {
  state.exists = false;
  state.blobs.clear();
  state.manifests.clear();
  state.tags.clear();
}
