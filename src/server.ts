import type { Logger } from "pino";
import { AccountLogins } from "./access/account-logins.ts";
import type { Accounts } from "./access/accounts.ts";
import { ForeignTokens } from "./access/foreign-tokens.ts";
import { Keys } from "./access/keys.ts";
import { Htpasswd } from "./access/htpasswd.ts";
import type { Logins } from "./access/login.ts";
import { OPEN_POLICY, type Policy } from "./access/policy.ts";
import { type PolicyReport, PolicySource } from "./access/policy-source.ts";
import { Tokens } from "./access/token.ts";
import { WrongLogins } from "./access/wrong-logins.ts";
import { openDiskBlobs } from "./blobs/disk.ts";
import { openCatalog, type WholeCatalog } from "./catalog/sql-catalog.ts";
import { type Config, isLoopback } from "./config.ts";
import { openCountsOf, openCredentialsOf, openEngine } from "./data.ts";
import { RegistryError } from "./errors.ts";
import { stateOf } from "./file-changes.ts";
import { createApp } from "./http/app.ts";
import type { Access } from "./http/authenticate.ts";
import { trustIn } from "./http/came-from.ts";
import { readPair, watchPair, type PairFiles } from "./http/certificate.ts";
import { Listener } from "./http/listener.ts";
import { createMetrics, type Metrics } from "./http/metrics.ts";
import { createObserver } from "./http/observer.ts";
import { PageCache } from "./http/page-cache.ts";
import { RateLimits } from "./http/rate-limits.ts";
import { ready } from "./http/readiness.ts";
import { Streams } from "./http/streams.ts";
import { digestOf } from "./oci/digest.ts";
import { PullNotes } from "./registry/pulls.ts";
import type { Registry } from "./registry/registry.ts";
import { Tail } from "./registry/tail.ts";
import { Upkeep, upkeepTasks } from "./registry/upkeep.ts";
import { Deliveries } from "./webhooks/deliveries.ts";
import type { Origin } from "./webhooks/open-sink.ts";
import { reachOf } from "./webhooks/reachable.ts";
import { Receivers } from "./webhooks/receivers.ts";

/** A server that answers. Disposing of it finishes running requests within `shutdown.grace`, then closes everything. */
export type RunningServer = AsyncDisposable & {
  /** Where it listens, with the port it was given when any free one was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /** Where clients reach it, without a slash at the end. */
  readonly url: string;
  /** Reads the policy again. One that is broken is refused, which the log tells, and the one before stays. */
  reloadPolicy(): Promise<void>;
};

type ServerOptions = {
  readonly log: Logger;
  /** Reads the configuration again, for its policy; `CONFIG_INVALID`. */
  readonly reload?: () => Promise<Config>;
};

/** A blob to ask for when all that matters is whether there is an answer. */
const ANY_DIGEST = digestOf(new Uint8Array());

/** What has to answer before this server is ready: each is really asked, and not what it is remembered for. */
function probesOf({ catalog, blobs }: Pick<Registry, "catalog" | "blobs">): Parameters<typeof ready>[0] {
  return {
    catalog: () => catalog.repositoriesWithBlob(ANY_DIGEST, 1),
    blobs: () => blobs.size(ANY_DIGEST),
  };
}

/**
 * Opens what the configuration names and listens.
 * @throws ADDRESS_IN_USE, CATALOG_LOCKED, CATALOG_NEWER, CATALOG_UNREACHABLE, CONFIG_INVALID, DATA_UNUSABLE
 */
export async function startServer(
  config: Config,
  { log, reload = () => Promise.resolve(config) }: ServerOptions,
): Promise<RunningServer> {
  requireMeant(config);
  await using opened = new AsyncDisposableStack();
  const registry = await openRegistry(config, opened, log);
  const { catalog, blobs, tail } = registry;
  const readAgain = async (): Promise<Policy> => policyOf(await reload());
  const policies = new PolicySource(policyOf(config), readAgain, reportTo(log));
  const access = await openAccess(config, { opened, log, policies });
  const rates = await openRates(config, opened);
  const stopping = new AbortController();
  const tasks = [
    ...upkeepTasks(registry, upkeepTimes(config)),
    { name: "replace keys of tokens", run: () => access.keys.rotate() },
  ];
  opened.use(new Upkeep(tasks, (task, err) => log.error({ task, err }, "upkeep")));

  const hooks = await Hooks.open(config, { catalog, tail, url: () => url, log });
  const { receivers } = hooks;
  const metrics = createMetrics({
    receivers: () => receivers.list(),
    revision: async () => (await catalog.bounds()).revision,
    running: () => listener.running,
  });
  const files = pairFiles(config);
  const state = files && (await stateOf([files.cert, files.key]));
  const pair = files && (await readPair(files));
  const listener: Listener = opened.use(
    await Listener.open({
      app: createApp({
        registry,
        observer: createObserver({ log, metrics }),
        service: {
          url: () => url,
          ready: () => ready(probesOf({ catalog, blobs })),
          metrics: () => metrics.expose(),
          pages: new PageCache(),
          corsOrigins: config.cors.origins ?? [],
          trusts: trustIn(config.trustProxy ?? []),
          rates,
          receivers,
          streams: new Streams(config.limits.streams),
          stopping: stopping.signal,
          access,
        },
      }),
      listen: config.listen,
      pair,
      graceMs: config.shutdown.grace,
      onCut: (requests) => log.warn({ requests }, "cut off: not finished within shutdown.grace"),
    }),
  );
  if (files && state !== undefined) opened.use(watchPair(files, state, certificateReport(log, listener)));
  // Before the listener waits for what is running: streams would never end.
  opened.defer(() => stopping.abort());
  const url = config.url ?? listener.url;
  opened.use(hooks.deliver(metrics));
  const owned = opened.move();
  return {
    address: listener.address,
    url,
    async reloadPolicy() {
      await policies.reload();
      tail.wake();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What all requests work on, disposed of with the rest. */
async function openRegistry(
  config: Config,
  opened: AsyncDisposableStack,
  log: Logger,
): Promise<Registry & { readonly catalog: WholeCatalog }> {
  const catalog = opened.use(await openCatalog(await openEngine(config)));
  const blobs = opened.use(await openDiskBlobs(config.data, { isShared: config.catalog !== undefined }));
  const pulls = opened.use(new PullNotes(catalog, (err) => log.error({ err }, "pulls were not noted")));
  const tail = opened.use(new Tail(catalog));
  return { catalog, blobs, options: registryOptions(config), pulls, tail };
}

type HooksOptions = {
  readonly catalog: WholeCatalog;
  readonly tail: Tail;
  readonly url: () => string;
  readonly log: Logger;
};

/** Who is told of events, and the telling of them, which begins when it is known where the registry listens. */
class Hooks {
  readonly receivers: Receivers;
  readonly #options: HooksOptions;
  readonly #origin: Origin;
  #deliveries: Deliveries | undefined;

  private constructor(options: HooksOptions, reach: Origin["reach"]) {
    const { catalog, url: source } = options;
    this.#options = options;
    this.#origin = { source, reach };
    const changed = (): void => this.#deliveries?.wake();
    this.receivers = new Receivers({ catalog, webhooks: catalog.webhooks, origin: this.#origin, changed });
  }

  static async open(
    { webhookTargets = [], webhooks = new Map() }: Config,
    options: HooksOptions,
  ): Promise<Hooks> {
    const hooks = new Hooks(options, reachOf(webhookTargets));
    await hooks.receivers.configure(webhooks);
    return hooks;
  }

  deliver(metrics: Metrics): Deliveries {
    const { catalog, tail, log } = this.#options;
    this.#deliveries = new Deliveries({
      webhooks: catalog.webhooks,
      tail,
      origin: this.#origin,
      attempted: (webhook, { isTaken }, events) => metrics.attempted(webhook, isTaken, events),
      failed: (err) => log.error({ err }, "webhooks: events are not delivered now"),
    });
    return this.#deliveries;
  }
}

/** `CONFIG_INVALID` for a part of what is needed to verify another server's tokens. */
function foreignTokens({ tokens: { issuer, audience, jwks, realm } }: Config): ForeignTokens | undefined {
  if (issuer !== undefined && audience !== undefined && jwks !== undefined) {
    return new ForeignTokens({ issuer, audience, jwks, realm });
  }
  if ([issuer, audience, jwks, realm].every((part) => part === undefined)) return undefined;
  throw new RegistryError(
    "CONFIG_INVALID",
    "tokens.issuer, tokens.audience and tokens.jwks go together: set all three, or none.",
  );
}

/** `CONFIG_INVALID` for one of the two without the other. */
function pairFiles({ tls: { cert, key } }: Config): PairFiles | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  throw new RegistryError("CONFIG_INVALID", "tls.cert and tls.key go together: set both, or neither.");
}

function certificateReport(log: Logger, listener: Listener): Parameters<typeof watchPair>[2] {
  return {
    changed: (pair) => {
      listener.renew(pair);
      log.info("certificate read again");
    },
    refused: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ reason }, "certificate refused: the one before stays in use");
    },
  };
}

function policyOf({ policy }: Config): Policy {
  return policy ?? OPEN_POLICY;
}

/** Without a policy, other machines are let in only by who says that this is meant. `CONFIG_INVALID`. */
function requireMeant({ listen, open, policy }: Config): void {
  if (open || policy !== undefined || isLoopback(listen.host)) return;
  throw new RegistryError(
    "CONFIG_INVALID",
    `There is no policy, so whoever can reach ${listen.host} could read, push and delete everything. Set a policy in ` +
      "the configuration file, listen on 127.0.0.1, or add --open if this is meant.",
  );
}

function reportTo(log: Logger): PolicyReport {
  return {
    taken: ({ rules }) => log.info({ rules: rules?.length ?? 0 }, "policy read again"),
    refused: (err) => {
      const why = err instanceof RegistryError ? { reason: err.message } : { err };
      log.error(why, "policy refused: the one before stays in force");
    },
  };
}

/** How often callers may ask; counted by all nodes together, where there is something to count. */
async function openRates(config: Config, opened: AsyncDisposableStack): Promise<RateLimits> {
  const isCounted = Object.values(config.rateLimits).some((rate) => rate !== undefined);
  return new RateLimits(config.rateLimits, opened.use(isCounted ? await openCountsOf(config) : undefined));
}

type AccessParts = {
  readonly opened: AsyncDisposableStack;
  readonly log: Logger;
  readonly policies: PolicySource;
};

/** Who may do what, and how it is found out who asks. */
async function openAccess(config: Config, { opened, log, policies }: AccessParts): Promise<Access> {
  const { accounts, keys: store } = await openCredentialsOf(config);
  opened.use(accounts);
  const keys = await Keys.open(store);
  const logins = await openLogins(accounts, config, log);
  const tokens = new Tokens(keys);
  return { policy: () => policies.current, logins, keys, tokens, foreign: foreignTokens(config) };
}

/** The users and robots of the database, and those of a file if there is one. */
async function openLogins(accounts: Accounts, { htpasswd }: Config, log: Logger): Promise<Logins> {
  const report = (err: unknown): void => log.error({ err }, "users not read again: those from before stay");
  const others = htpasswd === undefined ? undefined : await Htpasswd.open(htpasswd, report);
  return new AccountLogins(accounts, { others, wrong: new WrongLogins() });
}

function registryOptions({ limits, manifests, retention }: Config): Registry["options"] {
  return {
    manifestBytesMax: limits.manifestBytes,
    blobBytesMax: limits.blobBytes,
    missingBlobs: manifests.missingBlobs,
    retentionMs: retention,
  };
}

function upkeepTimes({ retention, uploads }: Config): { retentionMs: number; uploadsMs: number } {
  return { retentionMs: retention, uploadsMs: uploads.expire };
}
