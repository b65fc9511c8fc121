import { hash } from "node:crypto";

/** How many tokens are remembered; the one that was verified longest ago goes first. */
const REMEMBERED_MAX = 4_000;
/** Longer ones are verified each time, in characters: they are few, and a thousand of them would be much to remember. */
const LENGTH_MAX = 2_000;

/** What verifying a token has found. */
type Proven<Claims> = {
  readonly claims: Claims;
  /** The key that has signed it, and its id. */
  readonly kid: string;
  readonly key: object;
};

/**
 * Tokens whose signature was found right for an audience. To verify it at each request takes longer than most requests.
 * Whether a token holds by now is not remembered, only what its signature proves. Known by their digests: who could read
 * this memory would find no token in it.
 */
export class ProvenTokens<Claims> {
  readonly #tokens = new Map<string, Proven<Claims>>();

  find(token: string, audience: string): Proven<Claims> | undefined {
    return token.length > LENGTH_MAX ? undefined : this.#tokens.get(keyOf(token, audience));
  }

  keep(token: string, audience: string, proven: Proven<Claims>): void {
    if (token.length > LENGTH_MAX) return;
    const key = keyOf(token, audience);
    // What took its key's place is the newest by then.
    this.#tokens.delete(key);
    this.#tokens.set(key, proven);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > REMEMBERED_MAX && oldest !== undefined) this.#tokens.delete(oldest);
  }
}

function keyOf(token: string, audience: string): string {
  return hash("sha256", `${audience} ${token}`, "base64");
}
