import { RegistryError } from "../../errors.ts";
import type { Artifact, Content } from "./content.ts";

/** What has been pushed so far. */
export type Pushed = { readonly repositories: number; readonly manifests: number; readonly bytes: number };

/** Pushes artifacts to a registry as any client would. A blob is sent once, and mounted into other repositories. */
export class Pusher {
  readonly #url: string;
  readonly #signal: AbortSignal;
  /** The repository that each blob was sent to, by digest, once it is there. */
  readonly #sent = new Map<string, Promise<string>>();
  /** Which blobs are in which repository, or on their way. */
  readonly #present = new Map<string, Promise<unknown>>();
  readonly #repositories = new Set<string>();
  #manifests = 0;
  #bytes = 0;

  /** To the registry at this URL, until the signal. */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  get pushed(): Pushed {
    return { repositories: this.#repositories.size, manifests: this.#manifests, bytes: this.#bytes };
  }

  /** Pushes all that the artifact names, then its manifest, then sets the tags; without any it stays untagged. */
  async push(repository: string, artifact: Artifact, tags: readonly string[]): Promise<void> {
    const { blobs, parts, manifest } = artifact;
    await Promise.all(blobs.map((blob) => this.#blob(repository, blob)));
    for (const part of parts) await this.push(repository, part, []);
    const { digest, mediaType } = manifest.descriptor;
    const query = new URLSearchParams(tags.map((tag) => ["tag", tag])).toString();
    await this.#expect(`PUT /v2/${repository}/manifests/${digest}?${query}`, {
      headers: { "Content-Type": mediaType },
      body: manifest.bytes,
    });
    this.#repositories.add(repository);
    this.#manifests++;
    this.#bytes += manifest.bytes.byteLength;
  }

  /** Deletes a manifest, with its tags, by its digest; or a tag alone. */
  async delete(repository: string, reference: string): Promise<void> {
    await this.#expect(`DELETE /v2/${repository}/manifests/${reference}`);
  }

  /** The revision that the registry is at. */
  async revision(): Promise<number> {
    const { headers } = await this.#expect("GET /v2/_supercargo/events?n=1");
    return Number(headers.get("Supercargo-Revision"));
  }

  async #blob(repository: string, blob: Content): Promise<void> {
    const { digest } = blob.descriptor;
    const key = `${repository}@${digest}`;
    let present = this.#present.get(key);
    if (present === undefined) {
      const sent = this.#sent.get(digest);
      present = sent ? this.#mount(repository, { digest, sent }) : this.#send(repository, blob);
      this.#present.set(key, present);
    }
    await present;
  }

  #send(repository: string, { bytes, descriptor: { digest } }: Content): Promise<string> {
    const request = this.#expect(`POST /v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes });
    const sent = request.then(() => repository);
    this.#sent.set(digest, sent);
    this.#bytes += bytes.byteLength;
    return sent;
  }

  async #mount(repository: string, blob: { digest: string; sent: Promise<string> }): Promise<void> {
    const query = new URLSearchParams({ mount: blob.digest, from: await blob.sent }).toString();
    await this.#expect(`POST /v2/${repository}/blobs/uploads/?${query}`);
  }

  /** @throws UNKNOWN with what the registry answered, unless that is success */
  async #expect(
    line: string,
    send: { headers?: Record<string, string>; body?: Uint8Array } = {},
  ): Promise<Response> {
    const [method = "", path = ""] = line.split(" ");
    const { headers, body } = send;
    const request = new Request(new URL(path, this.#url), {
      method,
      signal: this.#signal,
      ...(headers && { headers }),
      ...(body && { body }),
    });
    const response = await fetch(request);
    const text = await response.text();
    if (response.ok) return response;
    throw new RegistryError(
      "UNKNOWN",
      `The demonstration's own registry answered ${method} ${path} with ${response.status}: ${text}`,
    );
  }
}
