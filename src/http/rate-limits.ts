import { hash } from "node:crypto";
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { RegistryError } from "../errors.ts";
import type { Needs } from "./authorize.ts";
import { TOKEN_PATH } from "./challenge.ts";

/** Calls that are counted together. */
const RATE_CLASSES = ["list", "pull", "push", "login"] as const;
export type RateClass = (typeof RATE_CLASSES)[number];

/** So many calls in so many seconds. */
export type Rate = { readonly calls: number; readonly seconds: number };

/** The class of what needs this; what asks for nothing but whether the server is there is in none. */
const CLASSES: Readonly<Record<Needs, RateClass | undefined>> = {
  list: "list",
  seen: "list",
  catalog: "list",
  everything: "list",
  administration: "push",
  pull: "pull",
  push: "push",
  delete: "push",
  credentials: undefined,
  nothing: undefined,
};

/** The class of a route's calls, if they are counted. */
export function rateClassOf({
  needs,
  path,
}: {
  readonly needs: Needs;
  readonly path: string;
}): RateClass | undefined {
  return path === TOKEN_PATH ? "login" : CLASSES[needs];
}

/** Where several nodes count together: a pool of connections to PostgreSQL, and the name of a table. */
export type Counts = { readonly client: object; readonly table: string };

/** A limiter of the library, wherever it counts. */
type Limiter = Pick<RateLimiterMemory, "consume">;

/** Names that are longer are counted by their digest: the column for them has an end. */
const KEY_LENGTH_MAX = 200;

/** Counts calls by caller and class: in a database that nodes share, else in the memory of this process. */
export class RateLimits {
  readonly #limiters = new Map<RateClass, { readonly rate: Rate; readonly limiter: Limiter }>();

  constructor(rates: Partial<Record<RateClass, Rate | undefined>>, counts?: Counts) {
    for (const name of RATE_CLASSES) {
      const rate = rates[name];
      if (rate) this.#limiters.set(name, { rate, limiter: limiterOf(name, rate, counts) });
    }
  }

  /** False where nothing is to be counted. */
  counts(name: RateClass | undefined): boolean {
    return name !== undefined && this.#limiters.has(name);
  }

  /**
   * Counts one call, and gives the headers that say how many are left (draft-ietf-httpapi-ratelimit-headers).
   * @throws TOOMANYREQUESTS with `detail.retryAfter`, in whole seconds
   */
  async take(name: RateClass | undefined, caller: string): Promise<Readonly<Record<string, string>>> {
    const counted = name && this.#limiters.get(name);
    if (!counted) return {};
    const { rate, limiter } = counted;
    const left = await limiter.consume(keyOf(caller)).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw tooMany(name, rate, secondsOf(refused));
    });
    return {
      RateLimit: `"${name}";r=${left.remainingPoints};t=${secondsOf(left)}`,
      "RateLimit-Policy": policyOf(name, rate),
    };
  }
}

function limiterOf(name: RateClass, { calls, seconds }: Rate, counts: Counts | undefined): Limiter {
  const options = { points: calls, duration: seconds, keyPrefix: name };
  const memory = new RateLimiterMemory(options);
  if (!counts) return memory;
  return new RateLimiterPostgres({
    ...options,
    storeClient: counts.client,
    storeType: "pool",
    tableName: counts.table,
    tableCreated: true,
    // While the database does not answer, each node counts for itself.
    insuranceLimiter: memory,
  });
}

function keyOf(caller: string): string {
  return caller.length <= KEY_LENGTH_MAX ? caller : hash("sha256", caller);
}

function policyOf(name: RateClass, { calls, seconds }: Rate): string {
  return `"${name}";q=${calls};w=${seconds}`;
}

function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1_000));
}

function tooMany(name: RateClass, rate: Rate, retryAfter: number): RegistryError {
  return new RegistryError(
    "TOOMANYREQUESTS",
    `There have been ${rate.calls} calls of the class ${name} in ${rate.seconds} seconds, which is as many as there may be. ` +
      `Come back in ${retryAfter} seconds.`,
    { detail: { retryAfter, limit: { class: name, calls: rate.calls, seconds: rate.seconds } } },
  );
}
