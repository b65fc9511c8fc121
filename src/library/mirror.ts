import { SupercargoError } from "./failure.ts";
import type { EventSelector, RegistryEvent, Watched } from "./items.ts";
import { watch, type Ask, type WatchOptions } from "./watch.ts";

/** Something in a registry: a repository, a manifest (`repository@digest`), or a tag (`repository:tag`). */
export type Entry = Pick<
  RegistryEvent,
  "repository" | "tag" | "digest" | "mediaType" | "artifactType" | "size" | "imageSize" | "subject" | "time"
> & {
  readonly kind: "repository" | "manifest" | "tag";
};

/** What changed in a copy, by the key of the entry. */
export type Change =
  | { readonly change: "added"; readonly key: string; readonly entry: Entry }
  | { readonly change: "updated"; readonly key: string; readonly entry: Entry; readonly before: Entry }
  | { readonly change: "deleted"; readonly key: string; readonly before: Entry }
  /** The copy is what the registry was at this revision. */
  | { readonly change: "synced"; readonly revision: number; readonly cursor: string };

/**
 * A copy of what a registry has, as far as its reader may see and the selector says: it begins with all there is and then
 * follows what happens. Where the log no longer reaches back to it, it lists again and says what is different.
 */
export class Mirror {
  readonly #ask: Ask;
  readonly #options: Omit<WatchOptions, "after">;
  #entries = new Map<string, Entry>();
  /** What there is, while it is told. */
  #next: Map<string, Entry> | undefined;
  #cursor: string | undefined;

  /** Throws `PARAMETER_INVALID` for a selector by which no copy can be exact. */
  constructor(ask: Ask, options: Omit<WatchOptions, "after"> = {}) {
    requireExact(options);
    this.#ask = ask;
    this.#options = options;
  }

  /** What the copy has by now, by key. It is whole after the first `synced`. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** Keeps the copy and tells what changes, for as long as it is read. Ends by the signal. */
  async *changes(): AsyncGenerator<Change> {
    while (!this.#options.signal?.aborted) {
      try {
        yield* this.#followed();
        return;
      } catch (error) {
        const isLost =
          error instanceof SupercargoError &&
          (error.code === "REVISION_EXPIRED" || error.code === "REVISION_UNKNOWN");
        if (!isLost || this.#cursor === undefined) throw error;
        this.#cursor = undefined;
      }
    }
  }

  async *#followed(): AsyncGenerator<Change> {
    const place = this.#cursor === undefined ? {} : { after: this.#cursor };
    for await (const told of watch(this.#ask, { ...this.#options, ...place })) {
      yield* this.#take(told);
      if ("cursor" in told) this.#cursor = told.cursor ?? this.#cursor;
    }
  }

  *#take(told: Watched): Generator<Change> {
    if (told.type === "reset") this.#next = new Map();
    else if (told.type === "bookmark") {
      const { revision, cursor } = told;
      if (this.#next) yield* this.#replace(this.#next);
      yield { change: "synced", revision, cursor };
    } else if (this.#next) this.#next.set(keyOf(told), entryOf(told));
    else yield* this.#apply(told);
  }

  *#replace(next: Map<string, Entry>): Generator<Change> {
    const old = this.#entries;
    this.#entries = next;
    this.#next = undefined;
    for (const [key, before] of old) if (!next.has(key)) yield { change: "deleted", key, before };
    for (const [key, entry] of next) {
      const before = old.get(key);
      if (!before) yield { change: "added", key, entry };
      else if (before.digest !== entry.digest) yield { change: "updated", key, entry, before };
    }
  }

  *#apply(event: RegistryEvent): Generator<Change> {
    const key = keyOf(event);
    const before = this.#entries.get(key);
    if (event.type.endsWith(".deleted")) {
      this.#entries.delete(key);
      if (before) yield { change: "deleted", key, before };
      return;
    }
    const entry = entryOf(event);
    this.#entries.set(key, entry);
    if (!before) yield { change: "added", key, entry };
    else if (before.digest !== entry.digest) yield { change: "updated", key, entry, before };
  }
}

/** What makes something, and what ends it. */
const PAIRS = [
  ["repository.created", "repository.deleted"],
  ["manifest.pushed", "manifest.deleted"],
  ["tag.set", "tag.deleted"],
] as const;
/** What an event says of a manifest: of a tag, only of the manifest that it points to by then. */
const OF_MANIFESTS = ["digest", "artifactType", "mediaType"] as const;

/** Refuses what would leave in the copy what is no longer there, or no longer meant. */
function requireExact(options: EventSelector): void {
  const { types } = options;
  const alone = PAIRS.find((pair) => types && pair.filter((type) => types.includes(type)).length === 1);
  if (types && alone) {
    throw inexact(
      "types",
      `types are ${types.join(", ")}; a copy needs both of ${alone.join(" and ")}, or neither.`,
    );
  }
  const part = OF_MANIFESTS.find((name) => options[name] !== undefined);
  if (part === undefined || types?.includes("tag.set") === false) return;
  throw inexact(
    part,
    `${part} is of manifests: a tag that moves to one that is not meant would stay in the copy. ` +
      `Have types be ["manifest.pushed", "manifest.deleted"] with it, or leave it out.`,
  );
}

function inexact(parameter: string, message: string): SupercargoError {
  return new SupercargoError(message, { code: "PARAMETER_INVALID", detail: { parameter } });
}

function keyOf({ repository, tag, digest, type }: RegistryEvent): string {
  if (tag !== undefined) return `${repository}:${tag}`;
  return type.startsWith("manifest.") ? `${repository}@${digest}` : repository;
}

function entryOf({
  type,
  repository,
  tag,
  digest,
  mediaType,
  artifactType,
  size,
  imageSize,
  subject,
  time,
}: RegistryEvent): Entry {
  const all = { repository, tag, digest, mediaType, artifactType, size, imageSize, subject, time };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { kind: type.split(".")[0], ...given } as Entry;
}
