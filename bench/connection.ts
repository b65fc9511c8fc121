import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What to ask for. A streamed body needs its length, because HTTP/1.1 wants it first. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | { readonly length: number; chunks(): Iterable<Uint8Array> };
}

/** What came back. A body of 1 GiB is counted, not collected; `text` is the body of a failure only. */
export class Answer {
  readonly status: number;
  bodyBytes = 0;
  text = "";
  readonly #head: string;

  constructor(head: string) {
    this.#head = head;
    this.status = Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
  }

  /** The value of a header field, or nothing. Looked for when asked, since most are never read. */
  header(name: string): string | undefined {
    return new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(this.#head)?.[1];
  }
}

const RECEIVE_BYTES = 1024 * 1024;
const HEAD_BYTES_MAX = 64 * 1024;
const CONTENT_LENGTH = /^content-length:[ \t]*(\d+)$/im;
const EMPTY = Buffer.alloc(0);

/**
 * One keep-alive HTTP/1.1 connection, one request at a time, straight on a socket with one receive buffer: so that
 * the two cores of a small machine go to the registry, not to its load. Understands bodies with a Content-Length
 * and no others, which is what both registries send.
 */
export class Connection implements Disposable {
  readonly #socket: Socket;
  /** Where it goes, as `host:port`. */
  readonly host: string;
  #head: Buffer = EMPTY;
  #answer: Answer | undefined;
  #missing = 0;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(port: number, host: string) {
    this.host = `${host}:${port}`;
    this.#socket = connect({
      port,
      host,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(RECEIVE_BYTES),
        callback: (count, buffer) => {
          try {
            this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, count));
          } catch (error) {
            this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
          }
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#waiting?.reject(error));
    this.#socket.on("close", () => this.#waiting?.reject(new Error(`${this.host} closed the connection`)));
  }

  /** Connects; rejects when nothing listens there. */
  static async open(port: number, host = "127.0.0.1"): Promise<Connection> {
    const connection = new Connection(port, host);
    await once(connection.#socket, "connect");
    return connection;
  }

  /** Sends one request and waits for the whole answer, whatever its status; rejects when the connection is closed. */
  async ask(request: Request): Promise<Answer> {
    if (this.#socket.destroyed) throw new Error(`${this.host} closed the connection`);
    this.#waiting = Promise.withResolvers<Answer>();
    const answered = this.#waiting.promise;
    const { method, path, headers = {}, body } = request;
    let head = `${method} ${path} HTTP/1.1\r\nHost: ${this.host}\r\n`;
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
    if (method !== "GET") head += `Content-Length: ${body?.length ?? 0}\r\n`;
    head += "\r\n";
    if (body instanceof Uint8Array) this.#socket.write(Buffer.concat([Buffer.from(head, "latin1"), body]));
    else this.#socket.write(head, "latin1");
    if (body !== undefined && "chunks" in body) await Promise.race([this.#send(body.chunks()), answered]);
    return await answered;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #send(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      if (!this.#socket.write(chunk)) await once(this.#socket, "drain");
    }
  }

  #receive(bytes: Buffer): void {
    let body = bytes;
    if (this.#answer === undefined) {
      this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return this.#keepHead();
      this.#readHead(this.#head.toString("latin1", 0, end));
      body = this.#head.subarray(end + 4);
      this.#head = EMPTY;
    }
    const answer = this.#answer!;
    answer.bodyBytes += body.length;
    if (answer.status >= 400) answer.text += body.toString("utf8");
    this.#missing -= body.length;
    if (this.#missing > 0) return;
    this.#answer = undefined;
    this.#waiting?.resolve(answer);
  }

  /** An answer's head came in pieces: the receive buffer is used again, so this piece is copied. */
  #keepHead(): void {
    if (this.#head.length > HEAD_BYTES_MAX) throw new Error("the answer's head never ends");
    this.#head = Buffer.from(this.#head);
  }

  #readHead(head: string): void {
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length:\n${head}`);
    this.#missing = Number(length);
    this.#answer = new Answer(head);
  }
}

/** The answer, if it has the status that the step needs; otherwise an error that shows what the registry said. */
export function expectStatus(answer: Answer, status: number, step: string): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${step}: wanted ${status}, got ${answer.status} ${answer.text}`);
}
