import pg from "pg";

/** How long after its connection broke a listener connects again, in milliseconds. */
const AGAIN_MS = 1_000;

/** Listens to a channel of PostgreSQL on a connection of its own, which is made again when it breaks. */
export class Hints implements Disposable {
  readonly #open: () => pg.Client;
  readonly #channel: string;
  readonly #hint: () => void;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(url: string, channel: string, hint: () => void) {
    this.#open = () => new pg.Client({ connectionString: url, keepAlive: true });
    this.#channel = channel;
    this.#hint = hint;
    void this.#connect();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#leave();
  }

  async #connect(): Promise<void> {
    const client = this.#open();
    this.#client = client;
    client.on("notification", this.#hint);
    client.on("error", () => this.#again(client));
    client.on("end", () => this.#again(client));
    try {
      await client.connect();
      await client.query(`listen ${this.#channel}`);
      // What was announced while nobody listened.
      this.#hint();
    } catch {
      this.#again(client);
    }
  }

  #again(client: pg.Client): void {
    if (this.#isOver || this.#client !== client) return;
    this.#leave();
    this.#timer = setTimeout(() => void this.#connect(), AGAIN_MS).unref();
  }

  #leave(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => undefined);
  }
}
