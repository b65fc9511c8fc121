import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type AddressInfo, type Socket, isIPv6 } from "node:net";
import { RegistryError } from "../errors.ts";
import type { Pair } from "./certificate.ts";
import { refuseMalformed } from "./malformed.ts";

/** How long a client may take to send a request's head; beyond it 408. Bodies may take as long as they keep moving. */
const HEAD_MS_MAX = 20_000;
/** How often that is looked at. */
const HEAD_CHECK_MS = 5000;
/** How long a connection may rest between requests: longer than the 60 s of common load balancers, which must be the ones to end it. */
const KEEP_ALIVE_MS = 75_000;
/** How long a connection may be silent within a request, either way. The longest silence of ours is hashing a huge upload anew. */
const SILENCE_MS_MAX = 600_000;
/** After how much silence the kernel asks whether the peer still exists. */
const TCP_PROBE_MS = 60_000;
/** All headers of a request together; beyond it 431. */
const HEAD_BYTES_MAX = 16 * 1024;

export type ListenerOptions = {
  readonly app: (request: IncomingMessage, response: ServerResponse) => void;
  readonly listen: { readonly host: string; readonly port: number };
  /** How long running requests may take to finish when the listener is disposed of, in milliseconds. */
  readonly graceMs: number;
  /** With it, TLS and nothing else is spoken. */
  readonly pair?: Pair | undefined;
  /** Is told how many requests were cut off because they did not. */
  readonly onCut: (requests: number) => void;
};

/**
 * Takes connections and hands their requests to the app. Disposing of it takes no more of them, lets running requests
 * finish within the grace, each answered with `Connection: close`, and ends what is left.
 */
export class Listener implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Socket>();
  /**
   * The answers that each connection waits for. All in one `Set` would cost a sixth of a small request: whenever a set has
   * taken in some more, its memory is a new one to which the old one points, and so each request, once a collection of all
   * memory has met one under way, holds those after it until the next.
   */
  readonly #running = new Map<Socket, ServerResponse[]>();
  #isStopping = false;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const settings = {
      headersTimeout: HEAD_MS_MAX,
      connectionsCheckingInterval: HEAD_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node's default of five minutes for a whole request would end large uploads over slow lines.
      requestTimeout: 0,
      maxHeaderSize: HEAD_BYTES_MAX,
      // Requests without a body, which are nearly all, come as streams that have ended already.
      optimizeEmptyRequests: true,
      // Node's own refusal says nothing; the app's does.
      requireHostHeader: false,
      keepAlive: true,
      keepAliveInitialDelay: TCP_PROBE_MS,
    };
    const { pair } = options;
    this.#server = pair
      ? createTlsServer({ ...settings, ...pair, minVersion: "TLSv1.2" })
      : createServer(settings);
    this.#server.setTimeout(SILENCE_MS_MAX);
    this.#server.on("connection", (socket) => this.#connected(socket));
    this.#server.on("request", (request, response) => this.#requested(request, response));
    // What else a client may expect than 100-continue, it has to do without (RFC 9110 "Expect").
    this.#server.on("checkExpectation", (request, response) => this.#requested(request, response));
    this.#server.on("clientError", (error, socket) => {
      refuseMalformed(error, socket as Socket, this.#running.get(socket as Socket) ?? []);
    });
  }

  /**
   * A listener that takes connections.
   * @throws ADDRESS_IN_USE
   * @throws CONFIG_INVALID when the address is not this machine's, or not to be had by this user
   */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    listener.#server.listen(options.listen.port, options.listen.host);
    try {
      await once(listener.#server, "listening");
    } catch (error) {
      throw refused(options.listen, error as NodeJS.ErrnoException);
    }
    return listener;
  }

  /** Where it listens: with the port it was given when any free one was asked for. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** The same as a URL, without a slash at the end. */
  get url(): string {
    return `${this.#options.pair ? "https" : "http"}://${authority(this.address)}`;
  }

  /** Takes another certificate, for connections that come from now on. */
  renew(pair: Pair): void {
    (this.#server as TlsServer).setSecureContext(pair);
  }

  /** How many requests are being answered. */
  get running(): number {
    return this.#responses().length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const response of this.#responses()) announceEnd(response);
    this.#endIdle();
    const grace = setTimeout(() => this.#cut(), this.#options.graceMs);
    await closed;
    clearTimeout(grace);
  }

  #connected(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const running = this.#running.get(request.socket) ?? this.#first(request.socket);
    running.push(response);
    response.on("close", () => {
      // To cut out what is nearly always the only one costs more than all else here.
      if (running.length === 1) running.pop();
      else running.splice(running.indexOf(response), 1);
      if (this.#isStopping) this.#endIdle();
    });
    if (this.#isStopping) announceEnd(response);
    this.#options.app(request, response);
  }

  /** A place for the requests of a connection that has sent none yet. */
  #first(socket: Socket): ServerResponse[] {
    const running: ServerResponse[] = [];
    this.#running.set(socket, running);
    socket.once("close", () => this.#running.delete(socket));
    return running;
  }

  #responses(): ServerResponse[] {
    return [...this.#running.values()].flat();
  }

  /** Ends connections with no request running, also those that never sent one, which Node would keep. */
  #endIdle(): void {
    const busy = new Set(this.#responses().map((response) => peerOf(response.req.socket)));
    for (const socket of this.#connections) if (!busy.has(peerOf(socket))) socket.destroySoon();
  }

  #cut(): void {
    this.#options.onCut(this.running);
    for (const socket of this.#connections) socket.destroy();
  }
}

/** Who is at the other end: with TLS, requests come by another socket than their connection, and have this in common. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function announceEnd(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}

function refused({ host, port }: ListenerOptions["listen"], cause: NodeJS.ErrnoException): RegistryError {
  const where = authority({ host, port });
  if (cause.code === "EADDRINUSE") {
    return new RegistryError(
      "ADDRESS_IN_USE",
      `Another program listens on ${where}. Stop it, or choose another address with --listen HOST:PORT.`,
      { cause },
    );
  }
  const reason =
    cause.code === "EACCES" ? "this user may not; ports below 1024 need rights of their own" : cause.message;
  return new RegistryError(
    "CONFIG_INVALID",
    `Cannot listen on ${where}: ${reason}. Choose another address with --listen HOST:PORT.`,
    { cause },
  );
}

/** An address as URLs write it. */
function authority({ host, port }: ListenerOptions["listen"]): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
