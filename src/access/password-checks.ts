import { createHmac, randomBytes } from "node:crypto";
import { HashGate } from "./hash-gate.ts";

/** Passwords that were right lately and need not be worked out again: clients that log in by Basic do so with every request. */
const RIGHT_MAX = 1_000;

/** What is kept of the password of a name. */
export type KeptPassword = {
  readonly hash: string;
  /** False where the name is nobody's, and the hash is there to take as long. */
  readonly isSomebodys: boolean;
  /** Works out whether a password is that of the hash. */
  readonly compare: (password: string, hash: string) => Promise<boolean>;
};

/** Tells whether passwords are right: few are worked out at a time, and none that was right lately. */
export class PasswordChecks {
  readonly #gate: HashGate;
  readonly #key = randomBytes(32);
  /** The password of each hash that was right lately, as only this process can tell it. */
  readonly #right = new Map<string, string>();

  constructor(gate: HashGate = new HashGate()) {
    this.#gate = gate;
  }

  /** Which of these the password was right for lately. Costs next to nothing. */
  known(password: string, kept: readonly KeptPassword[]): KeptPassword | undefined {
    return kept.find(
      ({ hash, isSomebodys }) => isSomebodys && this.#right.get(hash) === this.#told(password, hash),
    );
  }

  /**
   * Which of these the password is right for. A wrong one is compared with all of them. `mayGoOn` throws when there is no
   * need to any more, which is asked when the turn has come.
   * @throws TOOMANYREQUESTS when too many wait already
   */
  async find(
    password: string,
    kept: readonly KeptPassword[],
    mayGoOn: () => void,
  ): Promise<KeptPassword | undefined> {
    const known = this.known(password, kept);
    if (known) return known;
    return this.#gate.run(async () => {
      // Clients log in several times at once, and the first of them may have been right meanwhile.
      const knownNow = this.known(password, kept);
      if (knownNow) return knownNow;
      mayGoOn();
      for (const one of kept) {
        const isRight = await one.compare(password, one.hash);
        if (isRight && one.isSomebodys) return this.#note(password, one);
      }
      return undefined;
    });
  }

  #note(password: string, kept: KeptPassword): KeptPassword {
    if (this.#right.size >= RIGHT_MAX) this.#right.clear();
    this.#right.set(kept.hash, this.#told(password, kept.hash));
    return kept;
  }

  #told(password: string, hash: string): string {
    return createHmac("sha256", this.#key).update(hash).update(password).digest("base64");
  }
}
