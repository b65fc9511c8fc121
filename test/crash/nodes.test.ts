import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openPostgres } from "../../src/catalog/postgres.ts";
import { openExistingCatalog } from "../../src/catalog/sql-catalog.ts";
import { manifestOf } from "../support/artifact.ts";
import { send } from "../support/exchange.ts";
import { startPostgres } from "../support/postgres.ts";
import { Copy } from "./copy.ts";
import { Server } from "./server.ts";

const WRITERS = 4;
/** A node is killed when so many pushes have been acknowledged. */
const PUSHES = 40;

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

/** Pushes at a node until it is killed, which `kill` does when enough is acknowledged; gives the tags that were. */
async function pushUntilKilled(node: Server, name: string, kill: () => Promise<void>): Promise<string[]> {
  const acknowledged: string[] = [];
  let killed: Promise<void> | undefined;
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; killed === undefined; n++) {
      const { bytes, mediaType } = manifestOf({ annotations: { name, writer: `${writer}`, n: `${n}` } });
      const tag = `${name}/w${writer}:t${n}`;
      const target = `PUT /v2/${tag.replace(":", "/manifests/")}`;
      const answer = await send(node.host, target, {
        headers: { "Content-Type": mediaType },
        body: bytes,
      }).catch((error: unknown) => {
        if (killed === undefined) throw error;
      });
      if (answer?.status === 201) acknowledged.push(tag);
      if (acknowledged.length >= PUSHES) killed ??= kill();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  await killed;
  return acknowledged;
}

test("of two nodes on one database either can be killed, and who watches the other misses nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-nodes-"));
  const catalog = await postgres.createDatabase();
  const args = ["--data", join(folder, "data"), "--catalog", catalog];
  await using copy = await Copy.open();
  const one = await Server.start(...args);
  const other = await Server.start(...args);
  copy.host = other.host;
  const first = await pushUntilKilled(one, "first", () => one.kill());
  await using again = await Server.start(...args);
  // The one that is watched goes as well, while something happens at it and at the one that is there again.
  const [second, third] = await Promise.all([
    pushUntilKilled(other, "second", async () => {
      copy.host = again.host;
      await other.kill();
    }),
    pushUntilKilled(again, "third", () => Promise.resolve()),
  ]);
  await using kept = await openExistingCatalog(await openPostgres(catalog));
  const facts = await kept.facts();
  await copy.verify({ ...(await kept.bounds()), facts });
  const tags = new Set(facts.tags.map(({ repository, name }) => `${repository}:${name}`));
  const lost = [...first, ...second, ...third].filter((tag) => !tags.has(tag));
  assert.deepEqual(lost, [], "an acknowledged push is not there");
  assert.ok(first.length >= PUSHES && second.length >= PUSHES && third.length >= PUSHES);
  await rm(folder, { recursive: true });
});
