import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import { originOf, type Address } from "./address.ts";
import { Authorization, type Credentials } from "./authorization.ts";
import { Exchange, type Answer, type ExchangeOptions } from "./exchange.ts";
import { failureOf } from "./failure.ts";

/** The largest answer that is read where its kind has no limit of its own, in bytes: a list of a million names. */
const ANSWER_BYTES_MAX = 64 * 2 ** 20;
/** How often what a 401 asks for is tried for one request. */
const CHALLENGES_MAX = 2;

/** The scope of the registry's catalog, as CNCF distribution named it. */
export const CATALOG_SCOPE = "registry:catalog:*";

/** The scope of doing what only who runs a Supercargo registry may do. */
export const ADMIN_SCOPE = "registry:admin:*";

/** The scope of reading one repository. */
export function pullScope(repository: RepositoryName): string {
  return `repository:${repository}:pull`;
}

export type ConnectionOptions = Omit<ExchangeOptions, "concurrency"> & {
  /** How many requests may be under way at a time. */
  readonly concurrency?: number | undefined;
  /** How to log in there. Nobody is logged in without. */
  readonly credentials?: Credentials | undefined;
  /** What the client calls itself. */
  readonly userAgent?: string | undefined;
};

export type Ask = {
  readonly method?: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** What a token has to allow. */
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bytesMax?: number;
};

/** Requests under way at a time, if nobody says otherwise: few enough for a registry that serves others as well. */
export const CONCURRENCY = 8;

/** Asks one registry, logged in as far as it wants that. */
export class Connection {
  readonly address: Address;
  /** How many requests may be under way at a time. */
  readonly concurrency: number;
  readonly #origin: string;
  readonly #exchange: Exchange;
  readonly #authorization: Authorization;
  readonly #userAgent: string;

  private constructor(address: Address, options: ConnectionOptions) {
    const { concurrency = CONCURRENCY, credentials, userAgent = "supercargo" } = options;
    this.address = address;
    this.concurrency = concurrency;
    this.#origin = originOf(address);
    this.#exchange = new Exchange({ ...options, concurrency });
    this.#authorization = new Authorization(this.#exchange, credentials);
    this.#userAgent = userAgent;
  }

  /**
   * Asks whether there is a registry (distribution-spec end-1) and what it wants of those who ask.
   * @throws UNAVAILABLE if there is no answer, UNSUPPORTED if there is no registry
   */
  static async open(address: Address, options: ConnectionOptions = {}): Promise<Connection> {
    const connection = new Connection(address, options);
    const answer = await connection.#send("/v2/", { scope: "" });
    // Clients choose how to log in from this answer alone: registries that let everybody read say it here all the same.
    if (answer.status === 401) connection.#authorization.learn(answer, { scope: "", sent: undefined });
    else if (answer.status >= 500 || answer.status === 429) throw failureOf(answer);
    else if (answer.status !== 200) {
      const message = `${address.host} is no registry, or not one of today: it answered ${answer.status} to /v2/.`;
      throw new RegistryError("UNSUPPORTED", message);
    }
    return connection;
  }

  /** Requests sent so far, and how many waits that the registry asked for are going on. */
  get traffic(): { readonly sent: number; readonly pauses: number } {
    return this.#exchange;
  }

  /** The answer to a request on this registry, whatever its status. `target` is a path with its query. */
  async ask(target: string, request: Ask): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      const sent = await this.#authorization.header(request.scope);
      const answer = await this.#send(target, request, sent);
      const mayRetry = answer.status === 401 && tries < CHALLENGES_MAX;
      if (!mayRetry || !this.#authorization.learn(answer, { scope: request.scope, sent })) return answer;
    }
  }

  #send(target: string, { method, headers, body, bytesMax }: Ask, authorization?: string): Promise<Answer> {
    return this.#exchange.send({
      url: new URL(target, this.#origin),
      ...(method && { method }),
      ...(body !== undefined && { body }),
      headers: {
        "User-Agent": this.#userAgent,
        ...headers,
        ...(authorization !== undefined && { Authorization: authorization }),
      },
      bytesMax: bytesMax ?? ANSWER_BYTES_MAX,
    });
  }
}
