import type { Catalog } from "./catalog.ts";
import type { Engine } from "./engine.ts";

type Span = Awaited<ReturnType<Catalog["bounds"]>>;

/** Where the log begins and ends: asked for by every page, also one that is kept, so read once in a state of the database. */
export class Bounds {
  readonly #engine: Engine;
  #kept: { readonly state: object; readonly span: Span } | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async now(): Promise<Span> {
    const state = this.#engine.state?.();
    if (state !== undefined && state === this.#kept?.state) return this.#kept.span;
    // The query runs in this state, whatever has been committed when it comes back.
    const [row] = await this.#engine.all<{ revision: number; oldest: number }>(
      `select revision, oldest from clock where id = 1`,
    );
    const span = { revision: row?.revision ?? 0, oldest: row?.oldest ?? 0 };
    if (state !== undefined) this.#kept = { state, span };
    return span;
  }
}
