import { RegistryError } from "../errors.ts";
import { json, param, requireKnown, type Answer, type Call } from "./call.ts";
import { itemOf, startOf } from "./webhooks.ts";

/** Sends nothing until it is resumed. `WEBHOOK_UNKNOWN`. */
export function pauseWebhook(call: Call): Promise<Answer> {
  return steer(call, ({ service, origin }, name) => service.receivers.pause(name, origin.actor));
}

/** Goes on where it was, at once. `WEBHOOK_UNKNOWN`. */
export function resumeWebhook(call: Call): Promise<Answer> {
  return steer(call, ({ service }, name) => service.receivers.resume(name));
}

/** Goes on from a revision or time. `WEBHOOK_UNKNOWN`, `PARAMETER_INVALID`, `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
export async function replayWebhook(call: Call): Promise<Answer> {
  requireKnown(call.query, ["from"]);
  const name = param(call, "webhook");
  const { receivers } = call.service;
  await receivers.find(name);
  const revision = await startOf(call);
  if (revision === undefined) {
    throw new RegistryError("PARAMETER_INVALID", "from is missing; it must be a revision or a time.", {
      detail: { parameter: "from" },
    });
  }
  await receivers.replay(name, revision);
  return json(itemOf(await receivers.find(name)), { "Cache-Control": "no-store" });
}

/** Sends a message that is about nothing, and tells what became of it. `WEBHOOK_UNKNOWN`. */
export async function testWebhook(call: Call): Promise<Answer> {
  requireKnown(call.query, []);
  const outcome = await call.service.receivers.test(param(call, "webhook"));
  const told = outcome.isTaken ? { taken: true } : { taken: false, reason: outcome.reason };
  return json(told, { "Cache-Control": "no-store" });
}

async function steer(call: Call, change: (call: Call, name: string) => Promise<void>): Promise<Answer> {
  requireKnown(call.query, []);
  const name = param(call, "webhook");
  await change(call, name);
  return json(itemOf(await call.service.receivers.find(name)), { "Cache-Control": "no-store" });
}
