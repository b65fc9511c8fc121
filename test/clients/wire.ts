import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { pipeline } from "node:stream/promises";

/** One request as a client sent it, and how it was answered. */
export type Exchange = {
  readonly method: string;
  /** Path and query, not decoded. */
  readonly url: string;
  readonly status: number;
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

  static async open(registry: string): Promise<Wire> {
    const exchanges: Exchange[] = [];
    const server = createServer((incoming, outgoing) => {
      const { method = "GET", url = "/", headers } = incoming;
      const onward = request(`http://${registry}${url}`, { method, headers });
      onward.on("response", (answer) => {
        const status = answer.statusCode ?? 0;
        exchanges.push({ method, url, status });
        outgoing.writeHead(status, answer.rawHeaders);
        pipeline(answer, outgoing).catch(() => outgoing.destroy());
      });
      onward.on("error", () => outgoing.destroy());
      pipeline(incoming, onward).catch(() => onward.destroy());
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
