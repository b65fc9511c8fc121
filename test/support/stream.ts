import { request, type IncomingMessage } from "node:http";
import { once } from "node:events";

/** An event as it stands in a stream. */
export type Streamed = {
  readonly type: string;
  readonly subject?: string;
  readonly id: string;
  readonly cursor?: string;
  readonly snapshot?: boolean;
  readonly data: Record<string, unknown>;
};

/** A stream of lines that is read when it is asked to, and may be cut off anywhere. */
export class Stream implements Disposable {
  readonly answer: IncomingMessage;
  readonly #lines: AsyncGenerator<string>;

  private constructor(answer: IncomingMessage) {
    this.answer = answer;
    this.#lines = linesOf(answer);
  }

  static async open(
    host: string,
    path: string,
    { headers = {} }: { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Stream> {
    const [hostname, port] = host.split(":");
    const asked = request({
      hostname,
      port,
      path,
      agent: false,
      headers: { Accept: "application/x-ndjson", ...headers },
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    // One that is cut off is the end, and not a failure.
    answer.on("error", () => {});
    return new Stream(answer);
  }

  get status(): number {
    return this.answer.statusCode ?? 0;
  }

  /** The next event; `undefined` when the stream has ended. */
  async next(): Promise<Streamed | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as Streamed);
  }

  /** Events up to the first for which something holds, that one included. */
  async until(isLast: (event: Streamed) => boolean): Promise<Streamed[]> {
    const events: Streamed[] = [];
    for (let event = await this.next(); event; event = await this.next()) {
      events.push(event);
      if (isLast(event)) return events;
    }
    throw new Error(`The stream ended after ${events.length} events: ${JSON.stringify(events.at(-1))}`);
  }

  /** Events up to the next bookmark, which is not among them. */
  async untilBookmark(): Promise<Streamed[]> {
    return (await this.until(isBookmark)).slice(0, -1);
  }

  [Symbol.dispose](): void {
    this.answer.destroy();
  }
}

export function isBookmark({ type }: Streamed): boolean {
  return type === "dev.supercargo.bookmark";
}

/** The short name of an event, and what it is about. */
export function said({ type, subject = "" }: Streamed): string {
  return `${type.replace("dev.supercargo.", "")} ${subject}`;
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let text = "";
  try {
    for await (const chunk of answer) {
      text += String(chunk);
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      yield* lines;
    }
  } catch {
    // Cut off: what has come of a line is none.
  }
}
