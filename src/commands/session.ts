import { type Command, Option } from "commander";
import { text } from "node:stream/consumers";
import { originOf, parseAddress, type Address } from "../client/address.ts";
import type { Credentials } from "../client/authorization.ts";
import { ADMIN_SCOPE, Connection, CONCURRENCY, type Ask } from "../client/connection.ts";
import { failureOf } from "../client/failure.ts";
import { findRegistry } from "../client/find-registry.ts";
import type { Page, Registry } from "../client/registry.ts";
import { RegistryError } from "../errors.ts";
import { Supercargo } from "../library/client.ts";
import type { Column } from "./columns.ts";
import { dockerCredentials } from "./docker-credentials.ts";
import { FORMATS, printPages, type Format } from "./printer.ts";
import { Progress } from "./progress.ts";
import { wholeNumber } from "./selector-options.ts";
import { VERSION } from "./version.ts";

/** The most requests at a time that one may ask for. */
const CONCURRENCY_MAX = 64;
const LIMIT_MAX = Number.MAX_SAFE_INTEGER;

/** Options of every command that asks a registry. */
export type SessionOptions = {
  readonly limit?: number;
  readonly output: Format;
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly plainHttp?: true;
  readonly concurrency: number;
};

/** Gives a command what it needs to ask a registry and to print a list. */
export function addSessionOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--limit <n>", "at most so many; all if it is left out").argParser(wholeNumber(LIMIT_MAX)),
    )
    .addOption(new Option("-o, --output <format>", "what to print").choices(FORMATS).default("table"))
    .option("--username <name>", "log in as this user, not as docker login has left it")
    .option("--password-stdin", "read the password from standard input")
    .option("--plain-http", "ask without TLS; registries on this machine are asked so anyway")
    .addOption(
      new Option("--concurrency <n>", "requests at a time")
        .argParser(wholeNumber(CONCURRENCY_MAX))
        .default(CONCURRENCY),
    );
}

/** One command's talk with one registry: what it finds goes to standard output, what it has to say to standard error. */
export class Session implements Disposable {
  readonly address: Address;
  readonly #options: SessionOptions;
  /** The registry as programs see it that follow what happens there. */
  readonly library: Supercargo;
  readonly #ended = new AbortController();
  readonly #progress: Progress;
  #connection: Connection | undefined;
  #printed = 0;
  registry!: Registry;

  private constructor(address: Address, options: SessionOptions, credentials: Credentials | undefined) {
    this.address = address;
    const login = credentials && "password" in credentials ? credentials : {};
    this.library = new Supercargo(originOf(address), login);
    this.#options = options;
    this.#progress = new Progress(process.stderr, () => this.#line());
  }

  /**
   * A session with the registry that an argument names.
   * @throws PARAMETER_INVALID, CONFIG_INVALID, and whatever keeps the registry from answering
   */
  static async open(registry: string, options: SessionOptions): Promise<Session> {
    const address = parseAddress(registry, { plainHttp: options.plainHttp === true });
    const credentials = await credentialsFor(address, options);
    using unlessOpened = new DisposableStack();
    const opened = unlessOpened.use(new Session(address, options, credentials));
    const { concurrency } = options;
    const { signal } = opened.#ended;
    const userAgent = `supercargo/${VERSION}`;
    opened.#connection = await Connection.open(address, { concurrency, credentials, signal, userAgent });
    opened.registry = await findRegistry(opened.#connection, (sentence) => opened.note(sentence));
    unlessOpened.move();
    return opened;
  }

  /** Aborted when the session is over. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Prints a list, what is live as it comes; quietly stops when nobody reads on. Of an empty one `ifEmpty` may say that it is
   * a failure; else a person is told that there is nothing.
   */
  async print(
    pages: AsyncIterable<Page>,
    columns: readonly Column[],
    { isLive = false, ifEmpty }: { readonly isLive?: boolean; readonly ifEmpty?: () => Promise<void> } = {},
  ): Promise<void> {
    const { output: format } = this.#options;
    try {
      await printPages(this.#counted(pages), {
        format,
        columns,
        isLive,
        write: (chunk) => this.#write(chunk),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      return;
    }
    if (this.#printed > 0 || isLive) return;
    await ifEmpty?.();
    if (format === "table") this.note("Nothing found.");
  }

  /** Does what only who runs a registry of ours may do; the JSON that it answers, if any. */
  async administer(target: string, request: Pick<Ask, "method" | "body"> = {}): Promise<unknown> {
    if (!this.#connection) throw new Error("The session is not open.");
    const answer = await this.#connection.ask(target, { scope: ADMIN_SCOPE, ...request });
    if (answer.status >= 300) throw failureOf(answer);
    return answer.bytes.length === 0
      ? undefined
      : (JSON.parse(Buffer.from(answer.bytes).toString()) as unknown);
  }

  /** Tells a person something that is not part of the list. */
  note(sentence: string): void {
    this.#progress.clear();
    process.stderr.write(`supercargo: ${sentence}\n`);
  }

  [Symbol.dispose](): void {
    this.#progress[Symbol.dispose]();
    this.#ended.abort();
  }

  async *#counted(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
    for await (const page of pages) {
      this.#printed += page.items.length;
      yield page;
    }
  }

  async #write(chunk: string): Promise<void> {
    this.#progress.clear();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The failure comes to the callback; the event has to have a listener all the same.
    process.stdout.once("error", reject);
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    await promise;
    process.stdout.off("error", reject);
  }

  #line(): string {
    const { sent = 0, pauses = 0 } = this.#connection?.traffic ?? {};
    const numbers = `${this.#printed.toLocaleString("en")} found, ${sent.toLocaleString("en")} requests`;
    return pauses > 0 ? `${numbers}; waiting, as the registry asks` : numbers;
  }
}

async function credentialsFor(
  { host }: Address,
  { username, passwordStdin }: SessionOptions,
): Promise<Credentials | undefined> {
  if (username === undefined && passwordStdin === undefined) return dockerCredentials(host);
  if (username === undefined || passwordStdin === undefined) {
    throw new RegistryError("CONFIG_INVALID", "--username and --password-stdin go together.");
  }
  return { username, password: (await text(process.stdin)).replace(/\r?\n$/, "") };
}
