import { RegistryError } from "../errors.ts";
import { type Access, isGuarded } from "./authenticate.ts";
import { json, requireKnown, type Answer, type Call } from "./call.ts";

/** Public keys change seldom, and new ones are shown a day before they are used. */
const CACHE = "public, max-age=3600";

/** The public keys of our tokens (RFC 7517), for registries and others that take them. */
export async function getJwks({ service, query }: Call): Promise<Answer> {
  requireKnown(query, []);
  const { keys } = requireGuarded(service.access);
  return json(keys.shown(), { "Content-Type": "application/jwk-set+json", "Cache-Control": CACHE });
}

/** `ROUTE_UNKNOWN` where there is no policy, and so nobody to give a token to. */
export function requireGuarded(access: Access | undefined): Access {
  if (isGuarded(access)) return access;
  throw new RegistryError(
    "ROUTE_UNKNOWN",
    "This registry has no policy: everything is for everybody, without a token.",
  );
}
