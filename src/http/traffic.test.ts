import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request, Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { bytesArrived } from "./traffic.ts";

test("bytes are counted for each request of a connection, with and without a Content-Length", async () => {
  const counts: number[] = [];
  const server = createServer((incoming, response) => {
    incoming.resume().once("end", () => {
      counts.push(bytesArrived(incoming.socket));
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  using agent = agentOfOneConnection();
  const send = async (body: Buffer, headers: Record<string, string>): Promise<void> => {
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ port, host: "127.0.0.1", method: "PATCH", agent: agent.agent, headers });
    outgoing.end(body);
    const [response] = await once(outgoing, "response");
    await once(response.resume(), "end");
  };
  await send(Buffer.alloc(100_000), { "Transfer-Encoding": "chunked" });
  await send(Buffer.alloc(50_000), { "Content-Length": "50000" });
  await send(Buffer.alloc(0), {});
  server.close();
  const headBytesMax = 500;
  const expected = [100_000, 50_000, 0];
  assert.equal(counts.length, expected.length);
  for (const [position, body] of expected.entries()) {
    const extra = (counts[position] ?? 0) - body;
    assert.ok(extra > 0 && extra < headBytesMax, `request ${position} counts ${counts[position]} bytes`);
  }
});

function agentOfOneConnection(): Disposable & { agent: Agent } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}
