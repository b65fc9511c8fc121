import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

/** One request as a client sent it, and how it was answered. */
export type Exchange = {
  readonly method: string;
  /** Path and query, not decoded. */
  readonly url: string;
  readonly status: number;
  /** That the answer names, if it does. */
  readonly revision?: number;
};

/** What a wire does besides passing on. */
export type WireOptions = {
  /** Awaited before a request is passed on. */
  readonly before?: () => Promise<void>;
  /** Paths that are answered with 404 here. */
  readonly withhold?: RegExp;
};

/** A listener between a client and a registry that passes everything on and notes every request. */
export class Wire implements AsyncDisposable {
  /** Where the client has to go instead of the registry. */
  readonly host: string;
  /** In the order of the answers. */
  readonly exchanges: Exchange[];
  readonly #server: Server;

  private constructor(host: string, exchanges: Exchange[], server: Server) {
    this.host = host;
    this.exchanges = exchanges;
    this.#server = server;
  }

  static async open(registry: string, options: WireOptions = {}): Promise<Wire> {
    const exchanges: Exchange[] = [];
    const passOn = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      const { method = "GET", url = "/", headers } = incoming;
      if (options.withhold?.test(url)) {
        exchanges.push({ method, url, status: 404 });
        outgoing.writeHead(404).end();
        return;
      }
      const onward = request(`http://${registry}${url}`, { method, headers });
      onward.on("response", (answer) => {
        const status = answer.statusCode ?? 0;
        const revision = answer.headers["supercargo-revision"];
        exchanges.push({
          method,
          url,
          status,
          ...(revision !== undefined && { revision: Number(revision) }),
        });
        outgoing.writeHead(status, answer.rawHeaders);
        pipeline(answer, outgoing).catch(() => outgoing.destroy());
      });
      onward.on("error", () => outgoing.destroy());
      pipeline(incoming, onward).catch(() => onward.destroy());
    };
    const server = createServer((incoming, outgoing) => {
      const ready = options.before?.() ?? Promise.resolve();
      ready.then(() => passOn(incoming, outgoing)).catch(() => outgoing.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the wire got no port");
    return new Wire(`127.0.0.1:${address.port}`, exchanges, server);
  }

  /** The exchanges with a method, whose path and query match. */
  find(method: string, url: RegExp): Exchange[] {
    return this.exchanges.filter((exchange) => exchange.method === method && url.test(exchange.url));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
