import { actorOf, type Caller } from "../../src/access/caller.ts";
import { Keys, type KeyStore, type StoredKey } from "../../src/access/keys.ts";
import { type PolicyValues, readPolicy } from "../../src/access/policy.ts";
import { Tokens } from "../../src/access/token.ts";
import type { Access } from "../../src/http/authenticate.ts";
import { jsonOf, send, type Received } from "./exchange.ts";

/** Keys that no other process has. */
export function keysInMemory(): KeyStore & { keys: readonly StoredKey[] } {
  const store = {
    keys: [] as readonly StoredKey[],
    read: async () => store.keys,
    add: async (key: StoredKey) => {
      store.keys = [...store.keys, key];
    },
    remove: async (kid: string) => {
      store.keys = store.keys.filter((key) => key.kid !== kid);
    },
  };
  return store;
}

/** Access by a policy, for users and robots whose passwords are their names and `-password`. */
export class TestAccess implements Access {
  readonly tokens: Tokens;
  readonly keys: Keys;
  readonly #people = new Map<string, Caller>();
  #policy: ReturnType<Access["policy"]>;
  /** What the clock says. */
  now = new Date();

  private constructor(keys: Keys, values: PolicyValues, people: readonly Caller[]) {
    this.keys = keys;
    this.tokens = new Tokens(keys, { now: () => this.now });
    for (const caller of people) this.#people.set(actorOf(caller), caller);
    this.#policy = policyOf(values);
  }

  static async open(values: PolicyValues, people: readonly (string | Caller)[]): Promise<TestAccess> {
    const callers = people.map((one) => (typeof one === "string" ? { user: one, groups: [] } : one));
    return new TestAccess(await Keys.open(keysInMemory()), values, callers);
  }

  readonly policy: Access["policy"] = () => this.#policy;

  /** Puts another policy into force. */
  reload(values: PolicyValues): void {
    this.#policy = policyOf(values);
  }

  /** The user is there no more. */
  remove(user: string): void {
    this.#people.delete(user);
  }

  readonly logins: Access["logins"] = {
    login: async ({ name, password }) =>
      password === `${name}-password` ? this.#people.get(name) : undefined,
    renew: async (name) => this.#people.get(name),
    isStillThere: async (caller) => this.#people.has(actorOf(caller)),
  };
}

function policyOf(values: PolicyValues): ReturnType<Access["policy"]> {
  const policy = readPolicy(values);
  if ("problems" in policy) throw new Error(policy.problems.join("\n"));
  return policy;
}

/** The header by which a user of {@link TestAccess} logs in. */
export function basic(user: string, password = `${user}-password`): { readonly Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

export function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** A token for these scopes, of a user or of nobody. */
export async function tokenFor(
  host: string,
  user: string | undefined,
  scopes: readonly string[],
): Promise<string> {
  const query = new URLSearchParams(scopes.map((scope) => ["scope", scope]));
  const answer = await send(host, `GET /v2/_supercargo/token?${query.toString()}`, {
    headers: user === undefined ? {} : basic(user),
  });
  return (jsonOf(answer) as { token: string }).token;
}

/**
 * An answer as it must be for two things that nobody can tell apart: without revisions and dates, and without what is
 * random or has these in it.
 */
export function comparable({ status, headers, bytes }: Received): string {
  const {
    date: _,
    "x-request-id": __,
    "content-length": ___,
    "supercargo-cursor": ____,
    etag,
    link,
    ...rest
  } = headers;
  // The digest of an index that has dates in it, or would have if there were a body.
  const isIndex = String(headers["content-type"]).includes("index");
  const isDated = isIndex && (bytes.length === 0 || bytes.includes("tag.timestamp"));
  if (isDated) delete rest["docker-content-digest"];
  const text = JSON.stringify({
    status,
    headers: rest,
    hasEtag: etag !== undefined,
    link: String(link ?? "").replaceAll(/(?<=[?&](?:at|continue|before|after)=)[^&>]+/g, "…"),
    body: bytes.toString(),
  });
  const plain = text
    .replaceAll(/127\.0\.0\.1:\d+/g, "<host>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<date>")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(/(\\?"(?:supercargo-)?revision\\?":\\?"?)\d+/g, "$1…")
    .replaceAll(
      /(\\"(?:continue|token|access_token|refresh_token|kid|x|y|requestId|id|sequence|cursor)\\":\\")[^"\\]+/g,
      "$1…",
    );
  return status >= 400 ? plain.replaceAll(/(?<!\w|sha\d+:)\d+(?!\w|\.\d)/g, "…") : plain;
}
