import { readFile } from "node:fs/promises";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";
import { RegistryError } from "../errors.ts";
import { ANONYMOUS, type Caller } from "./caller.ts";
import { isUser } from "./policy.ts";
import { grantsFor, parseScopes, type Scope } from "./scope.ts";
import { invalidToken, reasonOf, type Bearer } from "./token.ts";

/** What tokens may be signed with: nothing that whoever verifies could sign with as well. */
const ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"];
/** How far clocks may be apart. */
const LEEWAY_SECONDS = 60;
/** How often a file is read again for the sake of a key that is not in it, in milliseconds. */
const REREAD_MS = 10_000;
/** How long a key set may take to be fetched, in milliseconds. */
const FETCH_MS_MAX = 5_000;
/** Most entries of a token that are looked at. */
const ENTRIES_MAX = 1_000;

/** A token server whose tokens count here as those of CNCF distribution's do there. */
export type Issuer = {
  readonly issuer: string;
  /** What its tokens for this registry say they are for. */
  readonly audience: string;
  /** Its key set (RFC 7517): an `https://` or `http://` URL, or the path of a file. */
  readonly jwks: string;
  /** Where clients get a token, if they are to be sent there. */
  readonly realm?: string | undefined;
};

/** Reads the tokens of another token server. What they allow is the most that they allow: the policy has its say too. */
export class ForeignTokens {
  readonly issuer: Issuer;
  readonly #now: () => Date;
  readonly #keys: JWTVerifyGetKey;

  constructor(issuer: Issuer, now: () => Date = () => new Date()) {
    this.issuer = issuer;
    this.#now = now;
    const { jwks } = issuer;
    this.#keys = /^https?:/.test(jwks)
      ? createRemoteJWKSet(new URL(jwks), { timeoutDuration: FETCH_MS_MAX, cooldownDuration: REREAD_MS })
      : keysInFile(jwks, now);
  }

  /** True of a token that says it is from there, whatever it is worth. */
  isOwn(token: string): boolean {
    try {
      return decodeJwt(token).iss === this.issuer.issuer;
    } catch {
      return false;
    }
  }

  /** Who bears it, and what for. `UNAUTHORIZED`; `UNAVAILABLE` when the keys cannot be had. */
  async verify(token: string): Promise<Bearer> {
    try {
      const { payload } = await jwtVerify<{ readonly access?: unknown }>(token, this.#keys, {
        algorithms: ALGORITHMS,
        issuer: this.issuer.issuer,
        audience: this.issuer.audience,
        requiredClaims: ["exp"],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: this.#now(),
      });
      const unscoped = callerOf(payload.sub ?? "");
      return { unscoped, caller: { ...unscoped, grants: grantsFor(scopesIn(payload.access)) } };
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      if (error instanceof errors.JOSEError && !isOutage(error)) throw invalidToken(reasonOf(error), error);
      throw new RegistryError(
        "UNAVAILABLE",
        "The keys of the token server cannot be had now, so its tokens cannot be verified. Try again.",
        { cause: error },
      );
    }
  }
}

/** The set itself is what fails, and not the token. */
function isOutage(error: errors.JOSEError): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === "ERR_JOSE_GENERIC"
  );
}

/** A subject that cannot be a user's name is nobody: the policy has no word for it. */
function callerOf(subject: string): Caller {
  return isUser(subject) && !subject.includes("+") ? { user: subject, groups: [] } : ANONYMOUS;
}

/** What `access` allows (distribution "Token Authentication Implementation"), as scopes that say the same. */
function scopesIn(access: unknown): Scope[] {
  if (!Array.isArray(access)) return [];
  return access.slice(0, ENTRIES_MAX).flatMap((entry: unknown) => {
    const { type, name, actions } = (entry ?? {}) as Record<string, unknown>;
    if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return [];
    if (/[\s:]/.test(name)) return [];
    // One by one: how many there may be is for their server to say.
    return parseScopes([`${type}:${name}:${actions.filter((one) => typeof one === "string").join(",")}`]);
  });
}

/** The keys of a file, which is read again when a key is not in it. */
function keysInFile(file: string, now: () => Date): JWTVerifyGetKey {
  let readAt = -Infinity;
  const read = async (): Promise<JWTVerifyGetKey> => {
    const set = createLocalJWKSet(JSON.parse(await readFile(file, "utf8")) as JSONWebKeySet);
    readAt = now().getTime();
    return set;
  };
  let keys: JWTVerifyGetKey | undefined;
  return async (header, token) => {
    keys ??= await read();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now().getTime() - readAt < REREAD_MS) throw error;
      keys = await read();
      return keys(header, token);
    }
  };
}
