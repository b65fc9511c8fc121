import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from "jose";

/** The one algorithm that tokens are signed with: every registry that takes tokens knows it, and no shared secret verifies it. */
export const ALGORITHM = "ES256";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a key signs before another takes its place. */
export const KEY_MS = 90 * DAY_MS;
/** How long a new key is shown before it signs, so that whoever keeps our public keys has it by then. */
export const SHOWN_MS = DAY_MS;
/** How long a key verifies after its successor was made: longer than any token lasts. */
export const KEPT_MS = 100 * DAY_MS;
/** How often keys are read again for the sake of an id that nobody knows: other nodes may have made one. */
const REREAD_MS = 10_000;

/** A key pair as it is stored. */
export type StoredKey = {
  /** What tokens name it by. */
  readonly kid: string;
  readonly created: Date;
  /** The private half, from which the public one can be told. */
  readonly jwk: JWK;
};

/** Where nodes that serve one registry keep the keys they share. */
export interface KeyStore {
  /** All keys, in any order. */
  read(): Promise<readonly StoredKey[]>;
  /** Keeps one more, durably. Others may do so at the same time. */
  add(key: StoredKey): Promise<void>;
  /** Forgets one, if it is there. */
  remove(kid: string): Promise<void>;
}

type Key = StoredKey & {
  readonly signing: CryptoKey | KeyObject;
  readonly verifying: CryptoKey | KeyObject;
  readonly shown: JWK;
};

/** The keys that tokens are signed and verified with. They replace themselves; old ones verify until no token needs them. */
export class Keys {
  readonly #store: KeyStore;
  readonly #now: () => Date;
  /** By id, oldest first. An id is only ever looked up here. */
  #keys: ReadonlyMap<string, Key> = new Map();
  #readAt = 0;

  private constructor(store: KeyStore, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** Reads the keys, and makes the first one where there is none. */
  static async open(store: KeyStore, { now = () => new Date() }: { now?: () => Date } = {}): Promise<Keys> {
    const keys = new Keys(store, now);
    await keys.rotate();
    return keys;
  }

  /** Makes a new key when the newest one is old, and forgets those that nothing needs any more. */
  async rotate(): Promise<void> {
    // Another node may have made one meanwhile, which is to be shown here before it signs there.
    await this.#read();
    const now = this.#now().getTime();
    const stored = [...this.#keys.values()];
    const newest = stored.at(-1);
    const isDue = newest === undefined || now - newest.created.getTime() >= KEY_MS - SHOWN_MS;
    if (isDue) await this.#store.add(await makeKey(this.#now()));
    // Who was succeeded long ago is needed by no token.
    const ended = stored.filter((_, at) => now - (stored[at + 1]?.created.getTime() ?? now) >= KEPT_MS);
    for (const { kid } of ended) await this.#store.remove(kid);
    if (isDue || ended.length > 0) await this.#read();
  }

  /** The key that signs: the newest that has been shown for long enough. */
  signer(): { readonly kid: string; readonly key: CryptoKey | KeyObject } {
    const keys = [...this.#keys.values()];
    const ripe = this.#now().getTime() - SHOWN_MS;
    const key = keys.findLast(({ created }) => created.getTime() <= ripe) ?? keys[0];
    if (!key) throw new Error("There is no key to sign with.");
    return { kid: key.kid, key: key.signing };
  }

  /** The public half by which tokens with this id are verified. */
  async find(kid: string): Promise<CryptoKey | KeyObject | undefined> {
    if (!this.#keys.has(kid) && this.#now().getTime() - this.#readAt >= REREAD_MS) await this.#read();
    return this.#keys.get(kid)?.verifying;
  }

  /** All public halves (RFC 7517). */
  shown(): { readonly keys: readonly JWK[] } {
    return { keys: [...this.#keys.values()].map((key) => key.shown) };
  }

  async #read(): Promise<void> {
    const stored = await this.#store.read();
    const byAge = stored.toSorted((a, b) => a.created.getTime() - b.created.getTime());
    const keys = await Promise.all(byAge.map(keyOf));
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
    this.#readAt = this.#now().getTime();
  }
}

async function makeKey(created: Date): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { kid: keyId(createPublicKey({ key: jwk, format: "jwk" })), created, jwk };
}

/**
 * What a key is called: as libtrust names it (its "fingerprint"), as registries of CNCF distribution 2.8 find it by that among
 * their certificates, while others go by whatever the key set says.
 */
function keyId(key: KeyObject): string {
  const fingerprint = hash("sha256", key.export({ type: "spki", format: "der" }), "buffer");
  return base32(fingerprint.subarray(0, FINGERPRINT_BYTES)).replaceAll(/.{4}(?=.)/g, "$&:");
}

const FINGERPRINT_BYTES = 30;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 section 6, of bytes that fill it. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.replaceAll(/.{5}/g, (five) => BASE32[Number.parseInt(five, 2)] ?? "");
}

async function keyOf(stored: StoredKey): Promise<Key> {
  const { kid, jwk } = stored;
  const { d: _, ...half } = jwk;
  const shown: JWK = { ...half, kid, alg: ALGORITHM, use: "sig" };
  const [signing, verifying] = [await importJWK(jwk, ALGORITHM), await importJWK(half as JWK, ALGORITHM)];
  if (signing instanceof Uint8Array || verifying instanceof Uint8Array)
    throw new Error(`Key ${kid} is a shared secret; keys for ${ALGORITHM} are pairs.`);
  return { ...stored, signing, verifying, shown };
}
