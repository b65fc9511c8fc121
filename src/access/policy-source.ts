import { RegistryError } from "../errors.ts";
import { OPEN_POLICY, type Policy } from "./policy.ts";

/** What a policy source tells of its reloads. */
export type PolicyReport = {
  readonly taken: (policy: Policy) => void;
  /** The policy that was in force still is. */
  readonly refused: (error: unknown) => void;
};

/** The policy in force, which may be replaced while requests run. */
export class PolicySource {
  #current: Policy;
  readonly #read: () => Promise<Policy>;
  readonly #report: PolicyReport;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(first: Policy, read: () => Promise<Policy>, report: PolicyReport) {
    this.#current = first;
    this.#read = read;
    this.#report = report;
  }

  get current(): Policy {
    return this.#current;
  }

  /**
   * Reads the policy again, and puts it in force if it is whole. Resolves, always, when one that was read after this call
   * is in force or refused; calls while one is being read share the next.
   */
  async reload(): Promise<void> {
    this.#isAskedAgain = true;
    this.#running ??= this.#reloadWhileAsked().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #reloadWhileAsked(): Promise<void> {
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      await this.#reloadOnce();
    }
  }

  async #reloadOnce(): Promise<void> {
    try {
      const next = await this.#read();
      // An emptied file, or one that is being written, must not open the registry to everybody.
      if (next === OPEN_POLICY && this.#current !== OPEN_POLICY) throw withoutPolicy();
      this.#current = next;
      this.#report.taken(next);
    } catch (error) {
      this.#report.refused(error);
    }
  }
}

function withoutPolicy(): RegistryError {
  const message =
    "The configuration has no policy any more, which would open the registry to everybody. Restart it to do so.";
  return new RegistryError("CONFIG_INVALID", message, { detail: { problems: [message] } });
}
