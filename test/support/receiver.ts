import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A message as a receiver of webhooks got it. */
export type Message = { readonly headers: IncomingHttpHeaders; readonly body: string; readonly path: string };

/** How a receiver answers a message; 200 if it does nothing. */
export type Answering = (message: Message, response: ServerResponse) => void | Promise<void>;

/** A receiver of webhooks on loopback, which keeps all that it got. */
export class WebhookReceiver implements AsyncDisposable {
  readonly messages: Message[] = [];
  /** Of those that it took. */
  readonly taken: Message[] = [];
  answering: Answering = () => {};
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const message = { headers: request.headers, body: await text(request), path: request.url ?? "" };
        this.messages.push(message);
        await this.answering(message, response);
        if (!response.headersSent && !response.destroyed) response.end();
        if (response.statusCode < 300 && !response.destroyed) this.taken.push(message);
        for (const wake of this.#waiting) wake();
      })();
    });
  }

  static async open(answering: Answering = () => {}): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.answering = answering;
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Waits until something holds of what it got. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => (this.#waiting.delete(wake), resolve());
        this.#waiting.add(wake);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
