import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { HTTP, type CloudEvent } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { define, order, showOf, subjectsOf, WEBHOOKS } from "../support/webhooks.ts";
import { WebhookReceiver } from "../support/receiver.ts";
import { TestRegistry } from "../support/registry.ts";

const BACKOFF_MS = 5;

const registry = await TestRegistry.open({ webhookBackoffMs: BACKOFF_MS });
after(() => registry[Symbol.asyncDispose]());

let pushed = 0;
async function push(reference: string, to = registry): Promise<void> {
  await pushManifest(to.host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
}

describe("a webhook", () => {
  test("is told what happens from then on, signed, and in order", async () => {
    await using receiver = await WebhookReceiver.open();
    await push("signed/app:before");
    const definition = { url: receiver.url, selector: { type: "tag.set", under: "signed" } };
    const { secret = "", ...made } = await define(registry, "signed", definition);
    assert.deepEqual((await showOf(registry, "signed")).secret, undefined);
    assert.deepEqual([made.state, made.lag.events], ["active", 0]);
    for (const tag of ["v1", "v2", "v3"]) await push(`signed/app:${tag}`);
    await push("unsigned/app:v1");
    await receiver.until(() => receiver.taken.length === 3);
    assert.deepEqual(subjectsOf(receiver.taken), ["signed/app:v1", "signed/app:v2", "signed/app:v3"]);
    for (const { body, headers } of receiver.taken) {
      const event = new Webhook(secret).verify(body, headers as Record<string, string>);
      assert.equal((event as { type: string }).type, "dev.supercargo.tag.set");
      assert.throws(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>));
    }
    const ids = new Set(receiver.taken.map(({ headers }) => headers["webhook-id"]));
    assert.equal(ids.size, 3);
    const list = jsonOf(await expectAnswer(registry.host, `GET ${WEBHOOKS}`, { status: 200 }));
    assert.deepEqual(
      (list as { items: { name: string }[] }).items.map(({ name }) => name),
      ["signed"],
    );
    await expectAnswer(registry.host, `DELETE ${WEBHOOKS}/signed`, { status: 204 });
    await expectAnswer(registry.host, `GET ${WEBHOOKS}/signed`, { status: 404, code: "WEBHOOK_UNKNOWN" });
  });

  test("has the events that the CloudEvents SDK takes, in each of their forms", async () => {
    for (const format of ["structured", "binary", "batch"]) {
      await using receiver = await WebhookReceiver.open();
      await define(registry, format, { url: receiver.url, format, selector: { under: `form-${format}` } });
      await push(`form-${format}/app:v1`);
      const events: CloudEvent[] = [];
      await receiver.until(() => {
        events.length = 0;
        for (const { headers, body } of receiver.taken) {
          const told = HTTP.toEvent({ headers, body }) as CloudEvent | CloudEvent[];
          events.push(...(Array.isArray(told) ? told : [told]));
        }
        return events.length === 3;
      });
      assert.deepEqual(
        events.map(({ type, subject }) => `${type} ${subject?.split("@")[0]}`),
        [
          `dev.supercargo.repository.created form-${format}/app`,
          `dev.supercargo.manifest.pushed form-${format}/app`,
          `dev.supercargo.tag.set form-${format}/app:v1`,
        ],
      );
      for (const event of events) assert.ok(event.validate());
      await expectAnswer(registry.host, `DELETE ${WEBHOOKS}/${format}`, { status: 204 });
    }
  });

  test("is told again until it takes it, and nothing behind it before", async () => {
    const answers = [500, 503, 302, 400, 200];
    await using receiver = await WebhookReceiver.open((_, response) => {
      response.statusCode = answers.shift() ?? 200;
      response.setHeader("Location", "/elsewhere");
      response.end("not now");
    });
    await define(registry, "again", { url: receiver.url, selector: { under: "again", type: "tag.set" } });
    await push("again/app:v1");
    await push("again/app:v2");
    await receiver.until(() => receiver.taken.length === 2);
    assert.deepEqual(subjectsOf(receiver.messages), [
      ...Array<string>(5).fill("again/app:v1"),
      "again/app:v2",
    ]);
    assert.ok(receiver.messages.every(({ path }) => path === "/hook"));
    const ids = receiver.messages.map(({ headers }) => headers["webhook-id"]);
    assert.equal(new Set(ids.slice(0, 5)).size, 1);
    await waitFor("it to be so", async () => (await showOf(registry, "again")).state === "active");
    assert.match((await showOf(registry, "again")).error?.reason ?? "", /^It answered 400: "not now"/);
    await send(registry.host, `DELETE ${WEBHOOKS}/again`);
  });

  test("is left alone as long as it asks, which anybody can see, and resuming tries at once", async () => {
    let isReady = false;
    await using receiver = await WebhookReceiver.open((_, response) => {
      if (isReady) return;
      response.statusCode = 429;
      response.setHeader("Retry-After", "3600");
    });
    await define(registry, "patient", { url: receiver.url, selector: { under: "patient", type: "tag.set" } });
    await push("patient/app:v1");
    await waitFor("it to be so", async () => (await showOf(registry, "patient")).state === "retrying");
    const waiting = await showOf(registry, "patient");
    assert.ok(Date.parse(waiting.retry ?? "") > Date.now() + 3_000_000, waiting.retry ?? "no retry");
    assert.deepEqual([waiting.failures, receiver.messages.length], [1, 1]);
    assert.ok(waiting.lag.events > 0 && (waiting.lag.seconds ?? -1) >= 0);
    isReady = true;
    await order(registry, "patient", "resume");
    await receiver.until(() => receiver.taken.length === 1);
    await waitFor("it to be so", async () => (await showOf(registry, "patient")).lag.events === 0);
    await send(registry.host, `DELETE ${WEBHOOKS}/patient`);
  });

  test("that is gone is paused; one that is paused loses nothing", async () => {
    let status = 410;
    await using receiver = await WebhookReceiver.open((_, response) => {
      response.statusCode = status;
    });
    await define(registry, "gone", { url: receiver.url, selector: { under: "gone", type: "tag.set" } });
    await push("gone/app:v1");
    await waitFor("it to be so", async () => (await showOf(registry, "gone")).state === "paused");
    assert.match((await showOf(registry, "gone")).paused ?? "", /wants no more: It answered 410/);
    status = 200;
    await push("gone/app:v2");
    await order(registry, "gone", "resume");
    await receiver.until(() => receiver.taken.length === 2);
    assert.equal((await order(registry, "gone", "pause")).paused, "Paused by anonymous.");
    await push("gone/app:v3");
    await order(registry, "gone", "resume");
    await receiver.until(() => receiver.taken.length === 3);
    assert.deepEqual(subjectsOf(receiver.taken), ["gone/app:v1", "gone/app:v2", "gone/app:v3"]);
    await send(registry.host, `DELETE ${WEBHOOKS}/gone`);
  });

  test("can be told again what it was told, from a revision or a time", async () => {
    await using receiver = await WebhookReceiver.open();
    const from = (await registry.catalog.bounds()).revision;
    await push("replay/app:v1");
    await define(registry, `replay?from=${from}`, { url: receiver.url, format: "batch" });
    await receiver.until(() => subjectsOf(receiver.taken).includes("replay/app:v1"));
    const first = subjectsOf(receiver.taken);
    await order(registry, "replay", `replay?from=${from}`);
    await receiver.until(() => subjectsOf(receiver.taken).length >= 2 * first.length);
    assert.deepEqual(subjectsOf(receiver.taken).slice(first.length), first);
    await order(registry, "replay", "replay?from=1h");
    await receiver.until(
      () => subjectsOf(receiver.taken).filter((one) => one === "replay/app:v1").length >= 3,
    );
    const again = receiver.taken.length;
    await define(registry, `replay?from=${from}`, { url: receiver.url, format: "batch" });
    await receiver.until(() => subjectsOf(receiver.taken.slice(again)).includes("replay/app:v1"));
    for (const [query, status, code] of [
      ["", 400, "PARAMETER_INVALID"],
      ["?from=x", 400, "PARAMETER_INVALID"],
      ["?from=99999999", 400, "REVISION_UNKNOWN"],
    ] as const) {
      await expectAnswer(registry.host, `POST ${WEBHOOKS}/replay/replay${query}`, { status, code });
    }
    await send(registry.host, `DELETE ${WEBHOOKS}/replay`);
  });

  test("can be tried out, which says what became of it", async () => {
    await using receiver = await WebhookReceiver.open();
    await define(registry, "tried", { url: receiver.url });
    assert.deepEqual(await order(registry, "tried", "test"), { taken: true });
    assert.match(receiver.messages[0]?.body ?? "", /"dev\.supercargo\.webhook\.test"/);
    receiver.answering = (_, response) => {
      response.statusCode = 401;
      response.end("who are you?\u001b[31m");
    };
    assert.deepEqual(await order(registry, "tried", "test"), {
      taken: false,
      reason: 'It answered 401: "who are you?\\u001b[31m".',
    });
    await send(registry.host, `DELETE ${WEBHOOKS}/tried`);
  });

  test("that answers hugely, with garbage, or not to the end, costs its connection and nothing else", async () => {
    let bytes = 0;
    await using receiver = await WebhookReceiver.open(async ({ body }, response) => {
      if (body.includes("odd/app:v1")) {
        // For as long as somebody reads on.
        while (!response.destroyed && bytes < 50_000_000) {
          bytes += 65_536;
          if (!response.write("x".repeat(65_536))) await new Promise((resolve) => setImmediate(resolve));
        }
      } else if (body.includes("odd/app:v2")) {
        response.writeHead(200).write("and then");
      } else if (body.includes("odd/app:v3") && receiver.messages.length < 5) {
        response.socket?.end("garbage\r\n\r\n");
        response.destroy();
      }
    });
    await define(registry, "odd", { url: receiver.url, selector: { under: "odd", type: "tag.set" } });
    for (const tag of ["v1", "v2", "v3", "v4"]) await push(`odd/app:${tag}`);
    await receiver.until(() => subjectsOf(receiver.messages).includes("odd/app:v4"));
    assert.ok(bytes < 50_000_000, `${bytes} bytes were read of an answer`);
    const told = [...new Set(subjectsOf(receiver.messages))];
    assert.deepEqual(told, ["odd/app:v1", "odd/app:v2", "odd/app:v3", "odd/app:v4"]);
    await send(registry.host, `DELETE ${WEBHOOKS}/odd`);
  });

  test("that never answers holds nobody else up, and is seen to lag", async () => {
    const never = Promise.withResolvers<void>();
    await using stuck = await WebhookReceiver.open(() => never.promise);
    await using other = await WebhookReceiver.open();
    const selector = { under: "stuck", type: "tag.set" };
    await define(registry, "stuck", { url: stuck.url, selector });
    await define(registry, "other", { url: other.url, selector });
    for (const tag of ["v1", "v2", "v3"]) await push(`stuck/app:${tag}`);
    await other.until(() => other.taken.length === 3);
    assert.equal(stuck.taken.length, 0);
    assert.ok((await showOf(registry, "stuck")).lag.events >= 3);
    for (const name of ["stuck", "other"]) await send(registry.host, `DELETE ${WEBHOOKS}/${name}`);
    never.resolve();
  });
});
