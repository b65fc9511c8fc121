import assert from "node:assert/strict";
import type { Facts } from "../../src/catalog/catalog.ts";
import { Supercargo } from "../../src/library/client.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";

type Mirror = ReturnType<Supercargo["mirror"]>;

/** A copy of a registry that is kept by watching it, whatever becomes of its servers. */
export class Copy implements AsyncDisposable {
  /** Where the server is that lives now. */
  host = "127.0.0.1:1";
  readonly #proxy: CuttingProxy;
  readonly #ended = new AbortController();
  readonly #mirror: Mirror;
  readonly #done: Promise<void>;
  #reached = -1;
  #wake = Promise.withResolvers<void>();

  private constructor(proxy: CuttingProxy) {
    this.#proxy = proxy;
    const mirror = new Supercargo(`http://${proxy.host}`).mirror({ signal: this.#ended.signal });
    this.#mirror = mirror;
    const follow = async (): Promise<void> => {
      for await (const change of mirror.changes()) {
        if (change.change !== "synced") continue;
        assert.ok(change.revision >= this.#reached, `${change.revision} was told after ${this.#reached}`);
        this.#reached = change.revision;
        this.#wake.resolve();
        this.#wake = Promise.withResolvers();
      }
    };
    this.#done = follow();
  }

  static async open(): Promise<Copy> {
    const proxy: CuttingProxy = await CuttingProxy.open(
      () => copy.host,
      () => Infinity,
    );
    const copy = new Copy(proxy);
    return copy;
  }

  /** Waits until it is at the end of the log, and holds it to what the registry has there. */
  async verify({ revision, facts }: { readonly revision: number; readonly facts: Facts }): Promise<void> {
    while (this.#reached < revision) await Promise.race([this.#wake.promise, this.#done]);
    const expected = [
      ...facts.repositories.map(({ name }) => [name as string, ""]),
      ...facts.manifests.map(({ repository, digest }) => [`${repository}@${digest}`, digest]),
      ...facts.tags.map(({ repository, name, digest }) => [`${repository}:${name}`, digest]),
    ];
    const held = Array.from(this.#mirror.entries, ([key, { digest = "" }]) => [key, digest]);
    assert.deepEqual(Object.fromEntries(held), Object.fromEntries(expected));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#done;
    await this.#proxy[Symbol.asyncDispose]();
  }
}
