import { RegistryError } from "../errors.ts";
import { isLoopback } from "./address.ts";
import { parseChallenges } from "./challenge.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { failureOf, oneLine } from "./failure.ts";

/** How somebody logs in: with a password, or with a token that stands for one and is given to token servers only. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** The largest answer of a token server, in bytes. */
const TOKEN_BYTES_MAX = 2 ** 20;
/** How long a token holds where its server does not say, and at least, in seconds (the token protocol's own numbers). */
const TOKEN_SECONDS = 60;
/** A token is not used in the last part of its life, in seconds: the request takes a while as well. */
const TOKEN_SPARE_SECONDS = 10;

const CLIENT_ID = "supercargo";

type Scheme =
  | { readonly kind: "none" }
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: URL; readonly service: string };

/** A value of the header, under way or there; `expires` as `Date.now()` counts. */
type Token = { readonly got: Promise<string>; header?: string; expires: number };

/**
 * What goes into `Authorization`: nothing, a password, or tokens that it gets for what is about to be asked (the Docker
 * token protocol, by GET, and by POST for identity tokens).
 */
export class Authorization {
  readonly #exchange: Exchange;
  readonly #credentials: Credentials | undefined;
  #scheme: Scheme = { kind: "none" };
  /** By the scope that was meant. Each is asked for once, however many requests wait for it. */
  readonly #tokens = new Map<string, Token>();
  /** The scope that a registry wants instead of the one that was meant. */
  readonly #wanted = new Map<string, string>();

  constructor(exchange: Exchange, credentials: Credentials | undefined) {
    this.#exchange = exchange;
    this.#credentials = credentials;
  }

  /** The header's value for a request that needs this scope. */
  async header(scope: string): Promise<string | undefined> {
    const { kind } = this.#scheme;
    if (kind === "none") return undefined;
    return kind === "basic" ? this.#basic() : this.#bearer(scope);
  }

  /**
   * Takes note of what a 401 asks for. False if it asks for what it got, so that asking again is no use.
   * @param sent what the request had in its `Authorization`
   */
  learn({ url, headers }: Answer, { scope, sent }: { scope: string; sent: string | undefined }): boolean {
    const challenges = parseChallenges(headers.get("WWW-Authenticate") ?? "");
    const bearer = challenges.find(({ scheme }) => scheme === "bearer")?.params;
    if (bearer === undefined) {
      if (!challenges.some(({ scheme }) => scheme === "basic")) return false;
      this.#scheme = { kind: "basic" };
      return sent === undefined;
    }
    const { realm = "", service = "", error } = bearer;
    this.#scheme = { kind: "bearer", realm: readRealm(realm, url), service };
    const wanted = bearer["scope"] || scope;
    const isNews = wanted !== (this.#wanted.get(scope) ?? scope);
    this.#wanted.set(scope, wanted);
    // Another request may have got a new token meanwhile, which is not to be thrown away.
    if (isNews || sent === this.#tokens.get(scope)?.header) this.#tokens.delete(scope);
    return isNews || sent === undefined || error === "invalid_token";
  }

  #basic(): string {
    const credentials = this.#credentials;
    if (credentials === undefined || !("username" in credentials)) {
      throw new RegistryError(
        "UNAUTHORIZED",
        "The registry wants a user name and a password: docker login, or --username with --password-stdin.",
      );
    }
    return basicOf(credentials);
  }

  async #bearer(scope: string): Promise<string> {
    const known = this.#tokens.get(scope);
    if (known !== undefined && known.expires > Date.now()) return known.got;
    const token: Token = {
      expires: Infinity,
      got: this.#fetchToken(this.#wanted.get(scope) ?? scope).then(({ text, seconds }) => {
        token.expires = Date.now() + (seconds - TOKEN_SPARE_SECONDS) * 1000;
        token.header = `Bearer ${text}`;
        return token.header;
      }),
    };
    this.#tokens.set(scope, token);
    // A failure is told to all who wait for it now, and not to those who come later.
    token.got.catch(() => this.#tokens.delete(scope));
    return token.got;
  }

  async #fetchToken(scope: string): Promise<{ text: string; seconds: number }> {
    if (this.#scheme.kind !== "bearer") throw new Error("a token was asked for without a challenge");
    const { realm, service } = this.#scheme;
    const answer = await this.#exchange.send(tokenRequest({ realm, service, scope }, this.#credentials));
    if (answer.status !== 200) throw refused(answer, this.#credentials);
    const body = readBody(answer);
    const text = body["token"] || body["access_token"];
    if (typeof text !== "string" || /[^\x21-\x7e]/.test(text)) {
      throw new RegistryError("UNAUTHORIZED", `The token server ${realm.host} answered without a token.`);
    }
    const seconds = Number(body["expires_in"]);
    return { text, seconds: seconds > TOKEN_SECONDS ? seconds : TOKEN_SECONDS };
  }
}

function tokenRequest(
  { realm, service, scope }: { realm: URL; service: string; scope: string },
  credentials: Credentials | undefined,
): Parameters<Exchange["send"]>[0] {
  const params = new URLSearchParams();
  if (service !== "") params.set("service", service);
  if (credentials !== undefined && "identityToken" in credentials) {
    if (scope !== "") params.set("scope", scope);
    params.set("grant_type", "refresh_token");
    params.set("refresh_token", credentials.identityToken);
    params.set("client_id", CLIENT_ID);
    return { url: realm, method: "POST", body: params, bytesMax: TOKEN_BYTES_MAX };
  }
  for (const one of scope.split(" ").filter(Boolean)) params.append("scope", one);
  if (credentials !== undefined) params.set("account", credentials.username);
  const url = new URL(realm);
  for (const [name, value] of params) url.searchParams.append(name, value);
  const headers = credentials === undefined ? {} : { Authorization: basicOf(credentials) };
  return { url, headers, bytesMax: TOKEN_BYTES_MAX };
}

/** Where tokens come from. Passwords go there, so a registry that is asked by TLS cannot send them anywhere without. */
function readRealm(text: string, registry: URL): URL {
  const realm = URL.parse(text, registry);
  const isSafe =
    realm?.protocol === "https:" || (realm?.protocol === "http:" && registry.protocol === "http:");
  if (realm !== null && (isSafe || (realm.protocol === "http:" && isLoopback(realm.host)))) return realm;
  throw new RegistryError(
    "UNAUTHORIZED",
    `${registry.host} sends for tokens to "${oneLine(text)}", which is no URL by TLS; no password is sent there.`,
  );
}

function readBody({ bytes }: Answer): Record<string, unknown> {
  try {
    return (JSON.parse(Buffer.from(bytes).toString()) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function refused(answer: Answer, credentials: Credentials | undefined): RegistryError {
  const { code, message, detail } = failureOf(answer);
  const isRefusal = answer.status >= 400 && answer.status < 500 && code !== "TOOMANYREQUESTS";
  let advice = "";
  if (isRefusal)
    advice =
      credentials === undefined ? " Log in with docker login." : " Are the user name and the password right?";
  return new RegistryError(isRefusal ? "UNAUTHORIZED" : code, `No token: ${message}${advice}`, { detail });
}

function basicOf({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
