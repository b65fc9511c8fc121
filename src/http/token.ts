import { ANONYMOUS, type Caller } from "../access/caller.ts";
import { formatScope, LIST_ALL, parseScopes, type Scope } from "../access/scope.ts";
import { SERVICE } from "../access/token.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import { type Access, credentialsOf, readBasic, UNREADABLE, WRONG_PASSWORD } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { json, type Answer, type Call } from "./call.ts";
import { wrongLogin } from "./challenge.ts";
import { requireGuarded } from "./jwks.ts";
import { Query } from "./query.ts";

/** Largest form that is read, in bytes: a refresh token, a password and scopes have room. */
const FORM_BYTES_MAX = 32 * 1024;
const NO_STORE = { "Cache-Control": "no-store" };

/** What a client asks for, whichever way it asks. */
type Asked = {
  readonly access: Access;
  readonly caller: Caller;
  readonly scopes: readonly Scope[];
  /** A refresh token beside it. */
  readonly refresh?: string | undefined;
};

/**
 * A token for whoever has the password, or for nobody, which carries what the policy allows of what is asked for
 * (distribution "Token Authentication Specification"). Wrong passwords get none, not even that of nobody.
 */
export async function getToken(call: Call): Promise<Answer> {
  const { query, request } = call;
  const access = requireGuarded(call.service.access);
  requireService(query);
  const scopes = scopesIn(query);
  const { scheme, value } = credentialsOf(request);
  if (scheme !== "" && scheme !== "basic") throw wrongLogin("Here a name and a password are due, by Basic.");
  const password = scheme === "" ? undefined : readBasic(value);
  if (password === "unreadable") throw wrongLogin(UNREADABLE);
  const caller = password ? await loggedIn(call, access, password) : ANONYMOUS;
  const refresh = query.get("offline_token") === "true" ? await refreshFor(caller, access) : undefined;
  return answer({ access, caller, scopes, refresh });
}

/** The same by a form, with the password or a refresh token in it (distribution "OAuth2 Token Authentication"). */
export async function postToken(call: Call): Promise<Answer> {
  const access = requireGuarded(call.service.access);
  const form = new Query(Buffer.from(await readBody(call.request, FORM_BYTES_MAX)).toString());
  requireService(form);
  const scopes = scopesIn(form);
  const grant = form.get("grant_type") ?? "";
  if (grant === "password") {
    const password = { name: form.get("username") ?? "", password: form.get("password") ?? "" };
    const caller = await loggedIn(call, access, password);
    const refresh = form.get("access_type") === "offline" ? await refreshFor(caller, access) : undefined;
    return answer({ access, caller, scopes, refresh });
  }
  if (grant === "refresh_token") {
    const refresh = form.get("refresh_token") ?? "";
    const caller = await renewed(access, refresh);
    return answer({ access, caller, scopes, refresh });
  }
  throw new RegistryError(
    "PARAMETER_INVALID",
    `grant_type is ${shown(grant)}; it must be password or refresh_token.`,
    { detail: { parameter: "grant_type" } },
  );
}

async function loggedIn(
  { from }: Call,
  { logins }: Access,
  credentials: Parameters<Access["logins"]["login"]>[0],
): Promise<Caller> {
  const caller = await logins.login(credentials, from);
  if (!caller) throw wrongLogin(WRONG_PASSWORD);
  return caller;
}

/** Who has a refresh token, as they are now. `UNAUTHORIZED`. */
async function renewed({ logins, tokens }: Access, token: string): Promise<Caller> {
  const { user, since } = await tokens.verifyRefresh(token);
  const caller = await logins.renew(user, since);
  if (!caller) throw wrongLogin("The refresh token is of no more use. Log in with the password.");
  return caller;
}

/** A robot has none: its own secret does as well, and can be revoked. */
async function refreshFor({ user, robot }: Caller, { tokens }: Access): Promise<string | undefined> {
  return user === undefined || robot !== undefined ? undefined : (await tokens.issueRefresh(user)).token;
}

async function answer({ access, caller, scopes, refresh }: Asked): Promise<Answer> {
  const { token, seconds, issued } = await access.tokens.issue(caller, scopes, access.policy());
  const body = json(
    {
      token,
      access_token: token,
      scope: scopes.map(formatScope).join(" "),
      expires_in: seconds,
      issued_at: issued.toISOString(),
      ...(refresh !== undefined && { refresh_token: refresh }),
    },
    NO_STORE,
  );
  return { ...body, caller };
}

/** A token without a scope lists what its bearer may list, so that who has logged in can see that it worked. */
function scopesIn(parameters: Query): readonly Scope[] {
  const texts = parameters.getAll("scope").filter((text) => text.trim() !== "");
  return texts.length === 0 ? [LIST_ALL] : parseScopes(texts);
}

/** `PARAMETER_INVALID` when the token is to be for somebody else. */
function requireService(parameters: Query): void {
  const service = parameters.get("service") || SERVICE;
  if (service === SERVICE) return;
  throw new RegistryError(
    "PARAMETER_INVALID",
    `service is ${shown(service)}; tokens from here are for ${SERVICE}.`,
    { detail: { parameter: "service" } },
  );
}
