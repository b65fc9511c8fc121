import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Origin } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import type { Registry } from "../registry/registry.ts";
import type { Service } from "./app.ts";

/** One request, as handlers see it. */
export type Call = {
  readonly service: Service;
  readonly registry: Registry;
  readonly request: IncomingMessage;
  /** What the route's placeholders stand for, as sent. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly origin: Origin;
};

/** What a handler answers. A body of text or bytes gets its Content-Length; a stream must bring it as a header. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array | Readable;
};

export type Handler = (call: Call) => Promise<Answer>;

/** The repository that the path names. `NAME_INVALID`. */
export function repositoryOf(call: Call): RepositoryName {
  return parseName(param(call, "name"));
}

/** A placeholder of the route, which matched, so it is there. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`The route has no placeholder <${name}>.`);
  return value;
}

/** A JSON answer. */
export function json(body: unknown, headers: Readonly<Record<string, string | number>> = {}): Answer {
  return {
    status: 200,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/**
 * A whole number from the query; `undefined` when it is not given or empty. `PARAMETER_INVALID`, or the code given, for
 * anything but digits.
 */
export function numberParam(
  query: URLSearchParams,
  name: string,
  code: "PARAMETER_INVALID" | "PAGINATION_NUMBER_INVALID" = "PARAMETER_INVALID",
): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^[0-9]{1,30}$/.test(text)) {
    throw new RegistryError(
      code,
      `${name} is "${text.slice(0, 40)}"; it must be a whole number, 0 or more.`,
      {
        detail: { parameter: name },
      },
    );
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
