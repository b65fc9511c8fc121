import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A line to a registry that breaks: each connection after so many bytes of answers, as long as that is asked for. */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How many connections have been cut off. */
  cuts = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `target` and `bytes` are asked for each connection; `Infinity` never cuts. */
  static async open(target: () => string, bytes: () => number): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on("connection", (client) => proxy.#join(client, target(), bytes()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, target: string, most: number): void {
    const [host, port] = target.split(":");
    const upstream = connect(Number(port), host);
    let left = most;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(left, 0));
      left -= chunk.byteLength;
      client.write(part);
      if (left > 0) return;
      this.cuts++;
      client.destroySoon();
      upstream.destroy();
    });
  }
}
