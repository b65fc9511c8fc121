import { SERVICE } from "../access/token.ts";
import { RegistryError } from "../errors.ts";
import type { Service } from "./app.ts";
import type { CameFrom } from "./came-from.ts";

/** Where tokens are to be had. */
export const TOKEN_PATH = "/v2/_supercargo/token";

/** What a `Host` may be made of; anything else would not be a realm that clients could go to. */
const HOST = /^[a-z0-9._-]{1,255}(?::\d{1,5})?$|^\[[0-9a-f:.]{2,45}\](?::\d{1,5})?$/i;

/** What a caller lacks, in the words of RFC 6750: a client that reads it asks for a token that has the scope. */
export type Lack = {
  readonly scope?: string;
  readonly error?: "invalid_token" | "insufficient_scope";
};

/** The failure of a request that could be answered if its caller logged in, or had a token for more. */
export function challenge(message: string, lack: Lack = {}): RegistryError {
  return new RegistryError("UNAUTHORIZED", message, { detail: lack });
}

/** The failure of a login at the token end-point: there a name and a password are due, not a token. */
export function wrongLogin(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", message, { detail: { scheme: "Basic" } });
}

/** The headers that a failure needs beside what it says: for `UNAUTHORIZED`, how to log in (RFC 9110 section 11.6.1). */
export function challengeHeaders(
  error: unknown,
  from: CameFrom,
  service: Service,
): Readonly<Record<string, string>> {
  if (!(error instanceof RegistryError) || error.code !== "UNAUTHORIZED") return {};
  const { scheme, scope, error: kind } = error.detail as Lack & { readonly scheme?: "Basic" };
  if (scheme) return { "WWW-Authenticate": `Basic realm="${SERVICE}", charset="UTF-8"` };
  const parts = { ...tokensAt(from, service), scope, error: kind };
  const named = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { "WWW-Authenticate": `Bearer ${named.map(([name, value]) => `${name}="${value}"`).join(",")}` };
}

/** Where a token is to be had, and what for. */
function tokensAt(from: CameFrom, service: Service): { readonly realm: string; readonly service: string } {
  const { realm, audience } = service.access?.foreign?.issuer ?? {};
  if (realm !== undefined && audience !== undefined) return { realm, service: audience };
  return { realm: `${originOf(from, service)}${TOKEN_PATH}`, service: SERVICE };
}

/** Where the client reached us, as it will reach the token end-point the same way (R3). */
function originOf({ scheme, host }: CameFrom, service: Service): string {
  return host !== undefined && HOST.test(host) ? `${scheme}://${host}` : service.url();
}
