import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Digest } from "../../src/oci/digest.ts";
import type { Artifact } from "../support/artifact.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";

/** How many of the things that went are looked for again after every crash. */
const GONE_PROBED_MAX = 20;

/** What a repository holds. */
export type State = {
  exists: boolean;
  readonly blobs: Set<Digest>;
  readonly manifests: Set<Digest>;
  readonly tags: Map<string, Digest>;
};

/** A request, what it brings, and what it changes once it is answered by `status`. */
export type ChangeRequest = {
  readonly request: string;
  readonly status: number;
  readonly artifact?: Artifact;
  readonly change: Change;
};

type Change = (state: State) => void;

/**
 * What one client knows of one repository that it alone writes to, one request at a time: what was acknowledged, and the
 * one request whose answer it waits for, which may have happened or not.
 */
export class Journal {
  readonly repository: string;
  /** Every byte that was ever sent here. */
  readonly sent = new Map<Digest, Artifact>();
  state: State = { exists: false, blobs: new Set(), manifests: new Set(), tags: new Map() };
  #pending: { readonly request: string; readonly change: Change } | undefined;
  readonly #gone = new Set<Digest>();

  constructor(repository: string) {
    this.repository = repository;
  }

  /** Sends a request that changes the repository. Its change is certain once it is acknowledged, and open until then. */
  async change(host: string, { request, status, artifact, change }: ChangeRequest): Promise<void> {
    this.#pending = { request, change };
    const sent = artifact && { body: artifact.bytes, headers: { "Content-Type": artifact.mediaType } };
    await expectAnswer(host, request, { status, ...(sent && { send: sent }) });
    this.#become(after(this.state, change));
  }

  /**
   * Compares the repository with what is known of it. What was acknowledged must be there byte for byte, and what waited for
   * its answer must have happened wholly or not at all. From then on, what was seen is known.
   */
  async verify(host: string): Promise<void> {
    const pending = this.#pending && after(this.state, this.#pending.change);
    const probed = [this.state, ...(pending ? [pending] : [])];
    const gone = [...this.#gone].slice(-GONE_PROBED_MAX);
    const seen = await this.#observe(host, {
      blobs: new Set([...probed.flatMap(({ blobs }) => [...blobs]), ...gone]),
      manifests: new Set([...probed.flatMap(({ manifests }) => [...manifests]), ...gone]),
    });
    const about = `${this.repository} after a crash, waiting for ${this.#pending?.request ?? "nothing"}`;
    if (!pending || !isDeepStrictEqual(seen, pending)) assert.deepEqual(seen, this.state, about);
    this.#become(seen);
  }

  async #observe(
    host: string,
    { blobs, manifests }: { blobs: Set<Digest>; manifests: Set<Digest> },
  ): Promise<State> {
    const found = async (path: string, digests: Set<Digest>): Promise<Set<Digest>> => {
      const there = new Set<Digest>();
      for (const digest of digests)
        if (await this.#isThere(host, `${path}/${digest}`, digest)) there.add(digest);
      return there;
    };
    const tags = new Map<string, Digest>();
    const list = await send(host, `GET /v2/${this.repository}/tags/list`);
    if (list.status !== 404) {
      assert.equal(list.status, 200);
      for (const tag of (jsonOf(list) as { tags: string[] }).tags) {
        const request = `GET /v2/${this.repository}/manifests/${tag}`;
        const { headers, bytes } = await expectAnswer(host, request, { status: 200 });
        const digest = headers["docker-content-digest"] as Digest;
        assert.ok(this.sent.get(digest)?.bytes.equals(bytes), `${request} gives other bytes than were sent`);
        tags.set(tag, digest);
      }
    }
    return {
      exists: list.status === 200,
      blobs: await found("blobs", blobs),
      manifests: await found("manifests", manifests),
      tags,
    };
  }

  /** False when it is not there; when it is, it must be what was sent, as a whole. */
  async #isThere(host: string, path: string, digest: Digest): Promise<boolean> {
    const request = `GET /v2/${this.repository}/${path}`;
    const { status, bytes } = await send(host, request);
    if (status === 404) return false;
    assert.equal(status, 200, request);
    assert.ok(this.sent.get(digest)?.bytes.equals(bytes), `${request} gives other bytes than were sent`);
    return true;
  }

  #become(state: State): void {
    const { blobs, manifests } = this.state;
    for (const digest of [...blobs, ...manifests]) {
      if (state.blobs.has(digest) || state.manifests.has(digest)) continue;
      this.#gone.delete(digest);
      this.#gone.add(digest);
    }
    this.state = state;
    this.#pending = undefined;
  }
}

function after({ exists, blobs, manifests, tags }: State, change: Change): State {
  const copy = { exists, blobs: new Set(blobs), manifests: new Set(manifests), tags: new Map(tags) };
  change(copy);
  return copy;
}
