import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { dockerRegistry, Registry } from "../../bench/registries.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { manifestOf, pushManifest, startUpload } from "../support/artifact.ts";
import { expectAnswer } from "../support/exchange.ts";
import { WebhookReceiver } from "../support/receiver.ts";
import { TestRegistry } from "../support/registry.ts";
import { define } from "../support/webhooks.ts";

const ABSENT =
  spawnSync("docker-registry", ["--version"]).error !== undefined && "docker-registry is not installed";

/** What the manifests have as config and layer. */
const EMPTY = digestOf(Buffer.from("{}"));

type Notification = Readonly<Record<string, unknown>>;
type Told = { readonly type: string | undefined; readonly events: readonly Notification[] };

/** All notifications about manifests that a receiver has got, and as what. */
function toldTo({ messages }: WebhookReceiver): Told {
  const events = messages.flatMap(({ body }) => (JSON.parse(body) as { events: Notification[] }).events);
  const about = events.filter(
    ({ action, target }) =>
      action === "delete" ||
      (action === "push" && String((target as Notification)["mediaType"]).includes("manifest")),
  );
  return { type: messages[0]?.headers["content-type"], events: about };
}

/** What differs by design, each as its kind alone: who was told when, by what, about a request that came from where. */
function comparable(event: Notification, host: string): unknown {
  const text = JSON.stringify(event).replaceAll(host, "<host>").replaceAll("registry.test", "<host>");
  const { id, timestamp, source, request, ...rest } = JSON.parse(text) as {
    readonly id: string;
    readonly timestamp: string;
    readonly source: object;
    readonly request: object;
  };
  assert.match(id, /^[0-9a-f-]{36}/);
  assert.ok(!Number.isNaN(Date.parse(timestamp)), timestamp);
  return {
    ...rest,
    sourceHas: Object.keys(source),
    request: { ...request, id: "", addr: "", useragent: "" },
  };
}

function digestIn(event: Notification | undefined): unknown {
  return (event?.["target"] as Notification | undefined)?.["digest"];
}

async function happen(host: string): Promise<void> {
  const location = new URL(await startUpload(host, "team/app"), `http://${host}`);
  location.searchParams.set("digest", EMPTY);
  const target = `PUT ${location.pathname}${location.search}`;
  await expectAnswer(host, target, { send: { body: "{}" }, status: 201 });
  const manifest = manifestOf({ annotations: { of: "both" } });
  await pushManifest(host, "team/app:v1", manifest);
  await pushManifest(host, `team/app@${manifest.digest}`, manifest);
  const other = manifestOf({ annotations: { of: "neither" } });
  await pushManifest(host, `team/app@${other.digest}`, other);
  await expectAnswer(host, `DELETE /v2/team/app/manifests/${other.digest}`, { status: 202 });
}

test("the envelope is that of Debian's docker-registry, field for field", { skip: ABSENT }, async () => {
  await using theirs = await WebhookReceiver.open();
  await using ours = await WebhookReceiver.open();
  const endpoints = [{ name: "all", url: theirs.url, timeout: "5s", threshold: 5, backoff: "1s" }];
  const notifying = dockerRegistry(() => ({ notifications: { endpoints } }));
  await using debian = await Registry.open(notifying);
  await using registry = await TestRegistry.open({ webhookBackoffMs: 5 });
  await define(registry, "all", { url: ours.url, format: "distribution" });
  const host = `127.0.0.1:${debian.port}`;
  await happen(host);
  await happen(registry.host);
  // Pushing what is there is a push for them, and no change for us.
  await theirs.until(() => toldTo(theirs).events.length === 4);
  await ours.until(() => toldTo(ours).events.length === 3);
  const [expected, told] = [toldTo(theirs), toldTo(ours)];
  assert.equal(told.type, expected.type);
  const [first, again, ...rest] = expected.events;
  assert.equal(digestIn(again), digestIn(first));
  assert.deepEqual(
    told.events.map((event) => comparable(event, registry.host)),
    [first, ...rest].map((event) => comparable(event as Notification, host)),
  );
});
