import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a server of ours was sent it. */
export type Seen = {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  readonly body: string;
};

export type Answering = (seen: Seen, response: ServerResponse) => void | Promise<void>;

/** A server on a free loopback port that answers as a test says, and notes what it was asked. */
export class HttpServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #answering: Answering;

  constructor(answering: Answering) {
    this.#answering = answering;
  }

  async open(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Method and target of every request, in turn, without those by which a client gets to know a registry. */
  get asked(): string[] {
    return this.seen
      .map(({ method, target }) => `${method} ${target}`)
      .filter((line) => line !== "GET /v2/" && line !== "GET /v2/_oci/ext/discover");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "", headers } = request;
    const chunks = await request.toArray();
    const body = Buffer.concat(chunks as Buffer[]).toString();
    const seen = { method, target, authorization: headers.authorization, body };
    this.seen.push(seen);
    await this.#answering(seen, response);
  }
}

/** Ends an answer with JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

/** Ends an answer with a failure as distribution-spec has it. */
export function sendFailure(response: ServerResponse, status: number, code: string): void {
  sendJson(response, { errors: [{ code, message: `fake ${code.toLowerCase()}` }] }, status);
}
