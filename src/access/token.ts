import { randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { RegistryError } from "../errors.ts";
import { parseActions } from "./action.ts";
import { ANONYMOUS, type Caller, type Grant } from "./caller.ts";
import { ALGORITHM, type Keys } from "./keys.ts";
import { parsePattern } from "../oci/pattern.ts";
import { permits, permitsEverywhere, type Policy } from "./policy.ts";
import { ProvenTokens } from "./proven-tokens.ts";
import { formatScope, grantsFor, narrow, parseScopes, type Scope } from "./scope.ts";

/** What our tokens say they are by and for; clients get it in the challenge and send it back. */
export const SERVICE = "supercargo";
/** Refresh tokens are for the token end-point alone: no other has this audience. */
const REFRESH_SERVICE = "supercargo-token";

/** How long a token holds. Clients push large images with one (R8); what it may do is asked of the policy at every use. */
export const TOKEN_SECONDS = 30 * 60;
/** How long one can go on without the password. */
export const REFRESH_SECONDS = 90 * 24 * 60 * 60;
/** Longest token, in characters; ours are shorter. */
const TOKEN_LENGTH_MAX = 12_000;
/** How far clocks of nodes may be apart. */
const LEEWAY_SECONDS = 30;

/** Who is behind a token, and what it limits them to. */
export type Bearer = {
  /** With the limits of the token. */
  readonly caller: Caller;
  /** Without them, as the caller would be by password. */
  readonly unscoped: Caller;
};

export type Issued = { readonly token: string; readonly issued: Date; readonly seconds: number };

type Claims = JWTPayload & {
  /** As asked for, so that it holds what the policy says then, not now. */
  readonly scope?: string;
  readonly groups?: readonly string[];
  /** When a refresh token was made, in milliseconds: `iat` has whole seconds, in which a password may be set. */
  readonly at?: number;
  /** The robot that acts for the subject. */
  readonly robot?: string;
  /** By which password or secret it was got; in tokens of versions before there is none. */
  readonly mark?: string;
  /** Limits of the caller whatever is asked for: those of a robot. */
  readonly within?: readonly { readonly on: string; readonly allow: readonly string[] }[];
};

/** Makes and reads the tokens of this registry. */
export class Tokens {
  readonly #keys: Keys;
  readonly #now: () => Date;
  readonly #proven = new ProvenTokens<Claims>();
  /** For as long as their claims are remembered. */
  readonly #bearers = new WeakMap<Claims, Bearer>();

  constructor(keys: Keys, { now = () => new Date() }: { now?: () => Date } = {}) {
    this.#keys = keys;
    this.#now = now;
  }

  /** A token for scopes, which ends with its caller at the latest. Its `access` is what the policy allows of them: others that take our tokens go by that. */
  async issue(caller: Caller, scopes: readonly Scope[], policy: Policy): Promise<Issued> {
    const scope = scopes.map(formatScope).join(" ");
    const access = scopes.flatMap((one) => accessOf(one, caller, policy));
    const claims: Claims = { access, scope, ...identityOf(caller) };
    const seconds = Math.min(TOKEN_SECONDS, this.#secondsLeft(caller));
    return this.#sign(claims, { sub: caller.user ?? "", aud: SERVICE, seconds });
  }

  /** A token that gets others, for as long as its user exists. Only somebody who has logged in can have one. */
  async issueRefresh(user: string): Promise<Issued> {
    const at = this.#now().getTime();
    return this.#sign({ at }, { sub: user, aud: REFRESH_SERVICE, seconds: REFRESH_SECONDS });
  }

  /** `UNAUTHORIZED` when the token is none of ours, or does not hold now. */
  async verify(token: string): Promise<Bearer> {
    const claims = await this.#claims(token, SERVICE);
    const bearer = this.#bearers.get(claims) ?? bearerIn(claims);
    this.#bearers.set(claims, bearer);
    return bearer;
  }

  /** Whose refresh token it is, and since when. `UNAUTHORIZED`. */
  async verifyRefresh(token: string): Promise<{ readonly user: string; readonly since: Date }> {
    const { sub = "", iat = 0, at = iat * 1_000 } = await this.#claims(token, REFRESH_SERVICE);
    if (sub === "") throw invalidToken("it names nobody");
    return { user: sub, since: new Date(at) };
  }

  /** How long the caller may do anything at all; at least the second in which they ask. */
  #secondsLeft({ expires }: Caller): number {
    if (!expires) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor((expires.getTime() - this.#now().getTime()) / 1_000));
  }

  async #sign(claims: Claims, { sub, aud, seconds }: Framing): Promise<Issued> {
    const { kid, key } = this.#keys.signer();
    const at = Math.floor(this.#now().getTime() / 1000);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT", kid })
      .setIssuer(SERVICE)
      .setSubject(sub)
      .setAudience(aud)
      .setIssuedAt(at)
      .setNotBefore(at)
      .setExpirationTime(at + seconds)
      .setJti(randomUUID())
      .sign(key);
    return { token, issued: new Date(at * 1000), seconds };
  }

  async #claims(token: string, audience: string): Promise<Claims> {
    if (token.length > TOKEN_LENGTH_MAX) throw invalidToken("it is longer than any of ours");
    const proven = this.#proven.find(token, audience);
    // One that does not hold any more is told why below.
    if (proven && this.#isTimely(proven.claims) && (await this.#keys.find(proven.kid)) === proven.key) {
      return proven.claims;
    }
    try {
      let signed: { readonly kid: string; readonly key: object } | undefined;
      const { payload } = await jwtVerify<Claims>(
        token,
        async ({ kid }) => {
          const key = typeof kid === "string" ? await this.#keys.find(kid) : undefined;
          if (kid === undefined || !key) throw invalidToken("it is signed with a key that is not known here");
          signed = { kid, key };
          return key;
        },
        {
          algorithms: [ALGORITHM],
          typ: "JWT",
          issuer: SERVICE,
          audience,
          requiredClaims: ["sub", "exp", "nbf", "iat"],
          clockTolerance: LEEWAY_SECONDS,
          currentDate: this.#now(),
        },
      );
      if (signed) this.#proven.keep(token, audience, { claims: payload, ...signed });
      return payload;
    } catch (error) {
      throw error instanceof errors.JOSEError ? invalidToken(reasonOf(error), error) : error;
    }
  }

  /** As it is reckoned where a token is verified. */
  #isTimely({ exp = 0, nbf = Number.POSITIVE_INFINITY }: Claims): boolean {
    const now = Math.floor(this.#now().getTime() / 1000);
    return exp > now - LEEWAY_SECONDS && nbf <= now + LEEWAY_SECONDS;
  }
}

type Framing = { readonly sub: string; readonly aud: string; readonly seconds: number };

/** Why a token is refused, without a word of the token itself. */
export function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is not as it must be`;
  if (error instanceof errors.JWKSNoMatchingKey) return "it is signed with a key that is not known here";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  if (error instanceof errors.JOSEAlgNotAllowed) return "its algorithm is not taken here";
  return "it is not a token in the form of a signed JWT";
}

export function invalidToken(reason: string, cause?: unknown): RegistryError {
  const detail = { error: "invalid_token" };
  return new RegistryError("UNAUTHORIZED", `The token is refused: ${reason}. Get another one.`, {
    detail,
    cause,
  });
}

type Access = { readonly type: string; readonly name: string; readonly actions: readonly string[] };

function accessOf({ type, name, actions }: Scope, caller: Caller, policy: Policy): readonly Access[] {
  if (name === "*") {
    // Whoever else takes our tokens knows of the catalog alone.
    const everything = { type: "registry", name: "catalog", actions: ["*"] };
    return permitsEverywhere(policy, caller, "list") ? [everything] : [];
  }
  const allowed = actions.filter((action) => permits(policy, caller, { action, repository: name }));
  return allowed.length > 0 ? [{ type, name, actions: allowed }] : [];
}

function identityOf({ groups, grants, robot, mark }: Caller): Claims {
  const within = grants?.map(({ pattern, actions }) => ({ on: pattern.text, allow: [...actions] }));
  return {
    ...(groups.length > 0 && { groups }),
    ...(robot !== undefined && { robot }),
    ...(mark !== undefined && { mark }),
    ...(within && { within }),
  };
}

function bearerIn(claims: Claims): Bearer {
  const unscoped = callerIn(claims);
  const asked = grantsFor(parseScopes([claims.scope ?? ""]));
  return { unscoped, caller: { ...unscoped, grants: narrow(asked, unscoped.grants) } };
}

/** What we have signed ourselves needs no second look, but for a limit that this version does not know: it allows nothing. */
function callerIn({ sub = "", groups = [], robot, mark, within }: Claims): Caller {
  if (sub === "") return ANONYMOUS;
  const grants = within?.flatMap(({ on, allow }): Grant[] => {
    const [pattern, actions] = [parsePattern(on), parseActions(allow)];
    return pattern && actions ? [{ pattern, actions }] : [];
  });
  return {
    user: sub,
    groups,
    ...(robot !== undefined && { robot }),
    ...(mark !== undefined && { mark }),
    ...(grants && { grants }),
  };
}
