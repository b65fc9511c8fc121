import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../src/server.ts";
import { loadConfig } from "../../src/config.ts";
import pino from "pino";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, send } from "../support/exchange.ts";
import { WebhookReceiver } from "../support/receiver.ts";
import { itemsOf, rowsOf, run } from "./run.ts";

const receiver = await WebhookReceiver.open();
after(() => receiver[Symbol.asyncDispose]());
const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-webhook-"));
after(() => folder[Symbol.dispose]());
const file = join(folder.path, "supercargo.yaml");

/** A server by the file, which has these webhooks in it. */
async function serve(webhooks: object): Promise<Awaited<ReturnType<typeof startServer>>> {
  const values = {
    listen: "127.0.0.1:0",
    data: join(folder.path, "data"),
    webhookTargets: "127.0.0.1",
    webhooks,
  };
  writeFileSync(file, JSON.stringify(values));
  const { config } = await loadConfig({ flags: { config: file }, env: {} });
  return startServer(config, { log: pino({ level: "silent" }) });
}

describe("supercargo webhook", () => {
  test("adds, lists, shows, pauses, resumes, replays, tries and removes webhooks", async () => {
    await using server = await serve({});
    const host = `127.0.0.1:${server.address.port}`;
    const name = [host, "scan"];
    const added = await run([
      "webhook",
      "add",
      ...name,
      "--url",
      receiver.url,
      "--type",
      "tag.set",
      "--output",
      "ndjson",
    ]);
    assert.equal(added.code, 0, added.err);
    assert.match(String(itemsOf(added.out)[0]?.["secret"]), /^whsec_/);
    assert.match(added.err, /keep the secret/);
    await pushManifest(host, "a/b:v1", manifestOf({}));
    await receiver.until(() => receiver.taken.length === 1);
    assert.equal((await run(["webhook", "pause", ...name])).code, 0);
    assert.deepEqual(rowsOf((await run(["webhook", "list", host])).out)[0]?.slice(0, 3), [
      "scan",
      receiver.url,
      "paused",
    ]);
    await pushManifest(host, "a/b:v1", manifestOf({ annotations: { n: "2" } }));
    const behind = (await expectAnswer(host, "GET /metrics", { status: 200 })).bytes.toString();
    assert.match(behind, /supercargo_webhook_lag_events\{webhook="scan"\} [2-9]/);
    assert.match(behind, /supercargo_webhook_lag_seconds\{webhook="scan"\} \d/);
    assert.equal((await run(["webhook", "resume", ...name])).code, 0);
    await receiver.until(() => receiver.taken.length === 2);
    assert.equal((await run(["webhook", "replay", ...name, "--from", "0"])).code, 0);
    await receiver.until(() => receiver.taken.length === 4);
    await waitFor("all to be told", async () =>
      (await run(["webhook", "list", host])).out.includes("active"),
    );
    const metrics = (await expectAnswer(host, "GET /metrics", { status: 200 })).bytes.toString();
    assert.match(metrics, /supercargo_webhook_lag_events\{webhook="scan"\} \d+/);
    assert.match(metrics, /supercargo_webhook_deliveries_total\{webhook="scan",outcome="taken"\} 4/);
    const tried = await run(["webhook", "test", ...name, "--output", "ndjson"]);
    assert.deepEqual(itemsOf(tried.out), [{ taken: true }]);
    assert.match(
      (await run(["webhook", "show", ...name, "--output", "ndjson"])).out,
      /"selector":\{"type":"tag.set"\}/,
    );
    assert.equal((await run(["webhook", "remove", ...name])).code, 0);
    const gone = await run(["webhook", "show", ...name]);
    assert.deepEqual([gone.code, gone.out], [3, ""]);
    const selected = ["--url", receiver.url, "--digest", "sha256:ab", "--tag", "v*"];
    assert.equal((await run(["webhook", "add", ...name, ...selected])).code, 0);
    assert.match(
      (await run(["webhook", "show", ...name, "--output", "ndjson"])).out,
      /"selector":\{"tag":"v\*","digest":"sha256:ab"\}/,
    );
    assert.equal((await run(["webhook", "remove", ...name])).code, 0);
    const secretFile = join(folder.path, "secret");
    writeFileSync(secretFile, `whsec_${Buffer.alloc(32, "k").toString("base64")}\n`);
    const own = ["--url", receiver.url, "--secret-file", secretFile];
    const signed = await run(["webhook", "add", ...name, ...own, "--output", "ndjson"]);
    assert.equal(signed.code, 0, signed.err);
    assert.deepEqual(
      itemsOf(signed.out).map(({ signed: isSigned, secret }) => [isSigned, secret]),
      [[true, undefined]],
    );
    assert.equal((await run(["webhook", "remove", ...name])).code, 0);
    const wrong = await run(["webhook", "add", ...name, "--url", "http://10.0.0.1/"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /webhookTargets/);
  });

  test("leaves those of the configuration to it, which come and go with it", async () => {
    {
      await using server = await serve({ fixed: { url: receiver.url, format: "batch" } });
      const host = `127.0.0.1:${server.address.port}`;
      const removed = await run(["webhook", "remove", host, "fixed"]);
      assert.equal(removed.code, 4);
      assert.match(removed.err, /configuration file/);
      await send(host, "POST /v2/_supercargo/webhooks/fixed/pause");
    }
    {
      await using server = await serve({
        fixed: { url: receiver.url, format: "batch" },
        second: { url: receiver.url },
      });
      const { out } = await run([
        "webhook",
        "list",
        `127.0.0.1:${server.address.port}`,
        "--output",
        "ndjson",
      ]);
      assert.deepEqual(
        itemsOf(out).map(({ name, state }) => [name, state]),
        [
          ["fixed", "paused"],
          ["second", "active"],
        ],
      );
    }
    await using server = await serve({});
    const { out } = await run(["webhook", "list", `127.0.0.1:${server.address.port}`, "--output", "ndjson"]);
    assert.deepEqual(itemsOf(out), []);
  });
});
