import type { IncomingMessage } from "node:http";
import type { Caller } from "../access/caller.ts";
import type { BlobContent } from "../blobs/blobs.ts";
import type { Origin } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { enumerated, shown } from "../oci/shown.ts";
import type { Registry } from "../registry/registry.ts";
import type { Service } from "./app.ts";
import type { Rights } from "./authorize.ts";
import type { CameFrom } from "./came-from.ts";
import type { Query } from "./query.ts";

/** One request, as handlers see it. */
export type Call = {
  readonly service: Service;
  readonly registry: Registry;
  readonly request: IncomingMessage;
  /** What the route's placeholders stand for, as sent. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The query as sent. */
  readonly search: string;
  readonly origin: Origin;
  readonly from: CameFrom;
  /** A signal that is aborted when the client has left before the answer was whole; made for who asks. */
  readonly gone: () => AbortSignal;
  /** Who asks, and what they may do beyond what the route needs. */
  readonly rights: Rights;
};

/** Text that goes on for as long as it is read. */
export type Flow = Disposable & { readonly flow: AsyncIterable<string> };

/** What a handler answers. A body of text or bytes gets its Content-Length; a blob must bring it as a header. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array | BlobContent | Flow;
  /** Who the caller turned out to be, where the request was to find that out; for the log. */
  readonly caller?: Caller;
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
 * Refuses parameters that an end-point of ours does not have, as one that is misspelt would go unnoticed; the standard's
 * end-points ignore them (R11). `PARAMETER_INVALID`.
 */
export function requireKnown(query: Query, known: readonly string[]): void {
  const parameter = query.keys().find((name) => !known.includes(name));
  if (parameter === undefined) return;
  const there = known.length === 0 ? "there is none at all" : `there are ${enumerated(known)}`;
  throw new RegistryError("PARAMETER_INVALID", `There is no parameter ${shown(parameter)} here; ${there}.`, {
    detail: { parameter: parameter.slice(0, PARAMETER_SHOWN_MAX), allowed: known },
  });
}

/** How much of a parameter's name an error repeats, in UTF-16 units. */
const PARAMETER_SHOWN_MAX = 80;

/**
 * Where the page before ended, by the `last` that clients take from its last entry; empty for the first page. No name has
 * NUL in it, which databases refuse, so what follows one does not matter.
 */
export function lastParam(query: Query): string {
  return (query.get("last") ?? "").replace(/\0.*/s, "");
}

/**
 * A whole number from the query; `undefined` when it is not given or empty. `PARAMETER_INVALID`, or the code given, for
 * anything but digits.
 */
export function numberParam(
  query: Query,
  name: string,
  code: "PARAMETER_INVALID" | "PAGINATION_NUMBER_INVALID" = "PARAMETER_INVALID",
): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^[0-9]{1,30}$/.test(text)) {
    throw new RegistryError(code, `${name} is ${shown(text)}; it must be a whole number, 0 or more.`, {
      detail: { parameter: name },
    });
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
