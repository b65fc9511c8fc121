import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openPostgres } from "../../src/catalog/postgres.ts";
import { openCatalog, type WholeCatalog } from "../../src/catalog/sql-catalog.ts";
import { Tail } from "../../src/registry/tail.ts";
import { Deliveries } from "../../src/webhooks/deliveries.ts";
import { reachOf } from "../../src/webhooks/reachable.ts";
import { manifest, push } from "../contract/catalog/samples.ts";
import { startPostgres } from "../support/postgres.ts";
import { WebhookReceiver } from "../support/receiver.ts";

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

type Node = AsyncDisposable & { readonly catalog: WholeCatalog };

/** A node that delivers. */
async function openNode(url: string): Promise<Node> {
  await using opened = new AsyncDisposableStack();
  const catalog = opened.use(await openCatalog(await openPostgres(url)));
  const tail = opened.use(new Tail(catalog));
  const origin = { source: () => "http://registry.test", reach: reachOf(["127.0.0.1"]) };
  const failed = (error: unknown): never => {
    throw error;
  };
  opened.use(new Deliveries({ webhooks: catalog.webhooks, tail, origin, attempted: () => {}, failed }));
  const owned = opened.move();
  return { catalog, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("several nodes on one database", () => {
  test("deliver each event once, and the other goes on when one ends", async () => {
    const url = await postgres.createDatabase();
    await using receiver = await WebhookReceiver.open();
    const one = await openNode(url);
    await using other = await openNode(url);
    const definition = JSON.stringify({ url: receiver.url, format: "structured", selector: {} });
    await one.catalog.webhooks.put({ name: "once", definition, isConfigured: false }, 0);
    const pushOne = (n: number): Promise<unknown> =>
      push(n % 2 === 0 ? one.catalog : other.catalog, {
        repository: `r${n}` as never,
        content: manifest(`${n}`),
      });
    for (let n = 0; n < 10; n++) await pushOne(n);
    await receiver.until(() => receiver.messages.length >= 20);
    await one[Symbol.asyncDispose]();
    for (let n = 11; n < 20; n += 2) await pushOne(n);
    await receiver.until(() => receiver.messages.length >= 30);
    const ids = receiver.messages.map(({ body }) => Number((JSON.parse(body) as { id: string }).id));
    assert.deepEqual(
      ids,
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
  });
});
