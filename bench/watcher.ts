import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { MEDIA_TYPES } from "../src/oci/media-type.ts";
import { type Connection, expectStatus } from "./connection.ts";

/** A stream that is read on a bare socket, so that ten thousand fit beside the registry. */
export class Watcher {
  readonly #socket: Socket;
  #heard: (() => void) | undefined;
  bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (chunk.includes('"dev.supercargo.tag.set"')) this.#heard?.();
    });
  }

  static async open(port: number, query: string): Promise<Watcher> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const watcher = new Watcher(socket);
    socket.write(
      `GET /v2/_supercargo/events?${query} HTTP/1.1\r\nHost: bench\r\nAccept: application/x-ndjson\r\n\r\n`,
    );
    await once(socket, "data");
    return watcher;
  }

  heard(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

let pushed = 0;
/** Moves the tag `v1` of a repository to another manifest; gives when that was answered. */
export async function push(connection: Connection, repository: string): Promise<number> {
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [],
      annotations: { n: `${pushed++}` },
    }),
  );
  const path = `/v2/${repository}/manifests/v1`;
  const headers = { "Content-Type": MEDIA_TYPES.ociIndex };
  expectStatus(await connection.ask({ method: "PUT", path, headers, body }), 201, path);
  return performance.now();
}
