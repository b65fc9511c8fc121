import type { Revision } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { readMoment } from "../registry/selector.ts";
import type { Receiver } from "../webhooks/receivers.ts";
import { readBody } from "./body.ts";
import { json, param, requireKnown, type Answer, type Call } from "./call.ts";

/** Largest definition that is read, in bytes. */
const DEFINITION_BYTES_MAX = 65_536;

const UNSTORED = { "Cache-Control": "no-store" };

/** All webhooks by name, and how far each is. */
export async function getWebhooks({ service, query }: Call): Promise<Answer> {
  requireKnown(query, []);
  return json({ items: (await service.receivers.list()).map(itemOf) }, UNSTORED);
}

/** One webhook. `WEBHOOK_UNKNOWN`. */
export async function getWebhook(call: Call): Promise<Answer> {
  requireKnown(call.query, []);
  return json(itemOf(await call.service.receivers.find(param(call, "webhook"))), UNSTORED);
}

/**
 * Defines a webhook, which tells what happens from now on, or `from` a revision or time. The secret, if it was made here, is
 * in the answer and never again. `PARAMETER_INVALID`, `DENIED`.
 */
export async function putWebhook(call: Call): Promise<Answer> {
  requireKnown(call.query, ["from"]);
  const { receivers } = call.service;
  const name = param(call, "webhook");
  const value = readJson(await readBody(call.request, DEFINITION_BYTES_MAX));
  const { isNew, secret } = await receivers.put(name, value, await startOf(call));
  const item = itemOf(await receivers.find(name));
  const answer = json({ ...item, ...(secret !== undefined && { secret }) }, UNSTORED);
  return { ...answer, status: isNew ? 201 : 200 };
}

/** `WEBHOOK_UNKNOWN`, `DENIED`. */
export async function deleteWebhook(call: Call): Promise<Answer> {
  requireKnown(call.query, []);
  await call.service.receivers.remove(param(call, "webhook"));
  return { status: 204 };
}

/** The revision behind which `from` has a webhook begin; `undefined` without it. */
export async function startOf({ query, registry }: Call): Promise<Revision | undefined> {
  const from = query.get("from");
  if (from === null || from === "") return undefined;
  const { catalog } = registry.tail;
  const moment = readMoment(from, { parameter: "from" });
  if (!("revision" in moment)) return catalog.revisionAt(new Date(moment.time.getTime() - 1));
  await catalog.events({ after: moment.revision, limit: 0 });
  return moment.revision;
}

/** What a webhook looks like. */
export function itemOf({ name, url, format, selector, isSigned, lag, webhook }: Receiver): object {
  const { cursor, paused, failures, error, retry, delivered } = webhook.progress;
  const state = paused === undefined && failures > 0 ? "retrying" : "active";
  return {
    name,
    url,
    format,
    selector,
    signed: isSigned,
    configured: webhook.isConfigured,
    created: webhook.created.toISOString(),
    state: paused === undefined ? state : "paused",
    ...(paused !== undefined && { paused }),
    revision: cursor,
    lag,
    failures,
    ...(error && { error: { reason: error.reason, time: error.time.toISOString() } }),
    ...(retry && { retry: retry.toISOString() }),
    ...(delivered && { delivered: delivered.toISOString() }),
  };
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as unknown;
  } catch {
    throw new RegistryError(
      "REQUEST_INVALID",
      "The body is no JSON; send a webhook as an object with a url.",
    );
  }
}
