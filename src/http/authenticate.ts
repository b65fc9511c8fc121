import type { IncomingMessage } from "node:http";
import { ANONYMOUS } from "../access/caller.ts";
import type { ForeignTokens } from "../access/foreign-tokens.ts";
import type { Keys } from "../access/keys.ts";
import type { Logins } from "../access/login.ts";
import type { Policy } from "../access/policy.ts";
import { invalidToken, type Bearer, type Tokens } from "../access/token.ts";
import type { CameFrom } from "./came-from.ts";
import { challenge } from "./challenge.ts";

/** What decides who may do what, and finds out who asks. */
export type Access = {
  /** The policy in force. It may be another one for the next request. */
  readonly policy: () => Policy;
  readonly logins: Logins;
  readonly tokens: Tokens;
  readonly keys: Keys;
  /** Those of another token server, if its tokens count. */
  readonly foreign?: ForeignTokens | undefined;
};

/** Who asks, and what they have shown for it. */
export type Identity = Bearer & { readonly proof: "none" | "token" | "password" };

type Password = { readonly name: string; readonly password: string };

/** Who asks where nobody is looked at, or who shows nothing. */
export const NOBODY: Identity = { caller: ANONYMOUS, unscoped: ANONYMOUS, proof: "none" };

/** True when a policy says who may do what; else nobody is asked who they are. */
export function isGuarded(access: Access | undefined): access is Access {
  return access?.policy().rules !== undefined;
}

/** Finds out who asks, by `Authorization`. Without a policy nobody is looked at. `UNAUTHORIZED` for what proves nothing. */
export async function authenticate(
  request: IncomingMessage,
  access: Access | undefined,
  from: CameFrom,
): Promise<Identity> {
  if (!isGuarded(access)) return NOBODY;
  const { scheme, value } = credentialsOf(request);
  if (scheme === "bearer") return { ...(await verify(access, value)), proof: "token" };
  if (scheme === "basic") {
    const password = readBasic(value);
    if (password === "unreadable") throw challenge(UNREADABLE);
    if (!password) return NOBODY;
    const caller = await access.logins.login(password, from);
    if (!caller) throw challenge(WRONG_PASSWORD);
    return { caller, unscoped: caller, proof: "password" };
  }
  if (scheme === "") return NOBODY;
  throw challenge("The registry takes Authorization by Bearer or Basic only.");
}

/** `UNAUTHORIZED`, also where whoever got the token is no longer there, or has another password by now. */
async function verify({ tokens, foreign, logins }: Access, token: string): Promise<Bearer> {
  if (foreign?.isOwn(token)) return foreign.verify(token);
  const bearer = await tokens.verify(token);
  const { user } = bearer.unscoped;
  if (user === undefined || (await logins.isStillThere(bearer.unscoped))) return bearer;
  throw invalidToken("who has got it is not there any more, or has another password");
}

export const UNREADABLE = "The Basic credentials are not a name and a password in base64.";
export const WRONG_PASSWORD = "The name or the password is wrong. Log in again.";

/** Scheme, in lower case, and value of `Authorization`; both empty when there is none. */
export function credentialsOf({ headers }: IncomingMessage): {
  readonly scheme: string;
  readonly value: string;
} {
  const text = headers.authorization ?? "";
  const space = text.indexOf(" ");
  if (space < 0) return { scheme: text.toLowerCase(), value: "" };
  return { scheme: text.slice(0, space).toLowerCase(), value: text.slice(space + 1).trim() };
}

/** Name and password (RFC 7617); `undefined` for empty ones, which clients send when they have none (R2). */
export function readBasic(value: string): Password | "unreadable" | undefined {
  const text = Buffer.from(value, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return "unreadable";
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return name === "" && password === "" ? undefined : { name, password };
}
