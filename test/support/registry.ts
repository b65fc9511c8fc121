import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import { openDiskBlobs } from "../../src/blobs/disk.ts";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { openPostgres } from "../../src/catalog/postgres.ts";
import { openCatalog, type WholeCatalog } from "../../src/catalog/sql-catalog.ts";
import { openSqlite } from "../../src/catalog/sqlite.ts";
import { createApp } from "../../src/http/app.ts";
import type { Access } from "../../src/http/authenticate.ts";
import { Listener } from "../../src/http/listener.ts";
import { PageCache } from "../../src/http/page-cache.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createObserver, type RequestEntry } from "../../src/http/observer.ts";
import { keepLog } from "./run-log.ts";
import { watch } from "./described.ts";
import { copyDatabase, createDatabase } from "./postgres.ts";
import { PullNotes } from "../../src/registry/pulls.ts";
import type { Trust } from "../../src/http/came-from.ts";
import type { Pair } from "../../src/http/certificate.ts";
import { RateLimits } from "../../src/http/rate-limits.ts";
import { Streams } from "../../src/http/streams.ts";
import { Tail } from "../../src/registry/tail.ts";
import { Deliveries } from "../../src/webhooks/deliveries.ts";
import { reachOf } from "../../src/webhooks/reachable.ts";
import { Receivers } from "../../src/webhooks/receivers.ts";
import { REGISTRY_DEFAULTS, type RegistryOptions } from "../../src/registry/registry.ts";

/** Where every registry gets a database of its own when a whole suite is to run on PostgreSQL; see test/http/postgres.test.ts. */
const POSTGRES = process.env["SUPERCARGO_TEST_POSTGRES"];

/** For tests that fill pages beyond what clients may ask for: why to skip them, or false. One catalog is enough for those. */
export const ENOUGH_ELSEWHERE = POSTGRES !== undefined && "page limits are the same whatever the catalog";

/** Where clients would reach it, if there were more of it than a port. */
const SOURCE = "http://registry.test";

/** What the log of a server would have of the same requests. */
const LOGGED = createObserver({
  log: pino({ level: "debug", base: null }, { write: keepLog }),
  metrics: createMetrics({ revision: async () => 0, running: () => 0, receivers: async () => [] }),
});

/** How long requests that are still running may take when a test is over, in milliseconds. */
const GRACE_MS = 2_000;

export type TestRegistryOptions = Partial<RegistryOptions> & {
  readonly corsOrigins?: readonly string[];
  /** What `/readyz` waits for. */
  readonly ready?: () => Promise<void>;
  /** Who may do what; without it everything is for everybody. */
  readonly access?: Access;
  /** Streams that one caller may have. */
  readonly streams?: number;
  /** Proxies whose word is taken. */
  readonly trusts?: Trust;
  readonly rates?: ConstructorParameters<typeof RateLimits>[0];
  /** Speaks TLS with it. */
  readonly pair?: Pair;
  /** How long a stream may be quiet, in milliseconds. */
  readonly beatMs?: number;
  /** Delivers to webhooks, wherever they are on this machine; the first wait after a failure, in milliseconds. */
  readonly webhookBackoffMs?: number;
  /** How long a search may take, in milliseconds. */
  readonly searchMs?: number;
  /** What stands before the blobs on disk, for failures that a disk seldom has. */
  readonly blobs?: (onDisk: Blobs) => Blobs;
};

/** A registry that serves on a free loopback port of this process, over a folder of its own that goes when it does. */
export class TestRegistry implements AsyncDisposable {
  /** What the observer was told, oldest first. */
  readonly entries: RequestEntry[] = [];
  /** Answers that the description of the API does not allow: there must be none when the registry is disposed of. */
  readonly #undescribed = new Set<string>();
  readonly #folder: string;
  /** A PostgreSQL URL; without it the catalog is SQLite in the folder. */
  readonly #catalog: string | undefined;
  readonly #options: TestRegistryOptions;
  #parts!: {
    catalog: WholeCatalog;
    blobs: Blobs;
    pulls: PullNotes;
    tail: Tail;
    listener: Listener;
    owned: AsyncDisposableStack;
  };

  private constructor(folder: string, catalog: string | undefined, options: TestRegistryOptions) {
    this.#folder = folder;
    this.#catalog = catalog;
    this.#options = options;
  }

  static async open(options: TestRegistryOptions = {}): Promise<TestRegistry> {
    const folder = await mkdtemp(path.join(tmpdir(), "supercargo-test-"));
    try {
      const catalog = POSTGRES && (await createDatabase(POSTGRES, `test_${randomBytes(8).toString("hex")}`));
      const registry = new TestRegistry(folder, catalog, options);
      await registry.#start();
      return registry;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** `127.0.0.1:<port>`, another one after every restart. */
  get host(): string {
    const { host, port } = this.#parts.listener.address;
    return `${host}:${port}`;
  }

  get port(): number {
    return this.#parts.listener.address.port;
  }

  get catalog(): WholeCatalog {
    return this.#parts.catalog;
  }

  get blobs(): Blobs {
    return this.#parts.blobs;
  }

  /** Which manifests were pulled lately. */
  get pulls(): PullNotes {
    return this.#parts.pulls;
  }

  /** Who follows the log looks again, as after another policy was put into force. */
  wake(): void {
    this.#parts.tail.wake();
  }

  /** How many uploads are unfinished. */
  async uploads(): Promise<number> {
    let count = 0;
    for await (const _ of this.#parts.blobs.listUploads()) count++;
    return count;
  }

  /** Stops serving and starts again on the same data, as a new process would. */
  async restart(): Promise<void> {
    await this.#parts.owned.disposeAsync();
    await this.#start();
  }

  /** Stops, copies all data, and starts again. Resolves with what puts the copy in the place of what is there then. */
  async backUp(): Promise<() => Promise<void>> {
    const backup = await mkdtemp(path.join(tmpdir(), "supercargo-backup-"));
    const database = this.#catalog && new URL(this.#catalog).pathname.slice(1);
    const copy = async (from: string, to: string, databases: { from: string; to: string }): Promise<void> => {
      await this.#parts.owned.disposeAsync();
      await rm(to, { recursive: true });
      await cp(from, to, { recursive: true });
      if (POSTGRES) await copyDatabase(POSTGRES, databases.from, databases.to);
      await this.#start();
    };
    const names = { from: `${database}`, to: `${database}_backup` };
    await copy(this.#folder, backup, names);
    return async () => {
      await copy(backup, this.#folder, { from: names.to, to: names.from });
      await rm(backup, { recursive: true });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.owned.disposeAsync();
    await rm(this.#folder, { recursive: true, force: true });
    assert.deepEqual([...this.#undescribed], [], "answers are not as the API's description says");
  }

  async #start(): Promise<void> {
    const {
      corsOrigins = [],
      ready = async () => {},
      blobs: before,
      access,
      streams,
      beatMs,
      trusts,
      rates,
      pair,
      webhookBackoffMs,
      searchMs,
      ...limits
    } = this.#options;
    await using opened = new AsyncDisposableStack();
    const engine = await (this.#catalog ? openPostgres(this.#catalog) : openSqlite(this.#folder));
    const catalog = opened.use(await openCatalog(engine, { searchMs }));
    const onDisk = opened.use(await openDiskBlobs(this.#folder, { isShared: this.#catalog !== undefined }));
    const blobs = before?.(onDisk) ?? onDisk;
    const pulls = opened.use(
      new PullNotes(catalog, (error) => {
        throw error;
      }),
    );
    const tail = opened.use(new Tail(catalog));
    const stopping = new AbortController();
    const origin = { source: () => SOURCE, reach: reachOf(["127.0.0.0/8"]) };
    const { webhooks } = catalog;
    let deliveries: Deliveries | undefined;
    const receivers = new Receivers({ webhooks, catalog, origin, changed: () => deliveries?.wake() });
    if (webhookBackoffMs !== undefined) {
      deliveries = new Deliveries({
        webhooks,
        tail,
        origin,
        backoffMs: webhookBackoffMs,
        attempted: () => {},
        failed: (error) => {
          throw error;
        },
      });
      opened.use(deliveries);
    }
    const app = createApp({
      registry: { catalog, blobs, options: { ...REGISTRY_DEFAULTS, ...limits }, pulls, tail },
      observer: {
        finished: (entry) => {
          this.entries.push(entry);
          LOGGED.finished(entry);
        },
      },
      service: {
        url: () => SOURCE,
        receivers,
        ready,
        corsOrigins,
        pages: new PageCache(),
        trusts: trusts ?? (() => false),
        rates: new RateLimits(rates ?? {}),
        streams: new Streams(streams ?? 1_000),
        stopping: stopping.signal,
        beatMs,
        access,
      },
    });
    const listen = { host: "127.0.0.1", port: 0 };
    const watched: typeof app = (request, response) => {
      watch(request, response, (how) => this.#undescribed.add(how));
      app(request, response);
    };
    const listener = opened.use(
      await Listener.open({ app: watched, listen, pair, graceMs: GRACE_MS, onCut: () => {} }),
    );
    opened.defer(() => stopping.abort());
    this.#parts = { catalog, blobs, pulls, tail, listener, owned: opened.move() };
  }
}
