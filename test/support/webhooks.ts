import assert from "node:assert/strict";
import { expectAnswer, jsonOf, send } from "./exchange.ts";
import type { Message } from "./receiver.ts";

export const WEBHOOKS = "/v2/_supercargo/webhooks";

/** A registry's host. */
type At = { readonly host: string };

/** A webhook as it is shown. */
export type Shown = {
  readonly name: string;
  readonly secret?: string;
  readonly state: string;
  readonly revision: number;
  readonly failures: number;
  readonly lag: { readonly events: number; readonly seconds?: number };
  readonly error?: { readonly reason: string };
  readonly paused?: string;
  readonly retry?: string;
};

/** Defines a webhook; `place` is its name, and where it begins as a query if need be. */
export async function define(on: At, place: string, definition: object): Promise<Shown> {
  const answer = await send(on.host, `PUT ${WEBHOOKS}/${place}`, { body: JSON.stringify(definition) });
  assert.ok(answer.status === 201 || answer.status === 200, answer.bytes.toString());
  return jsonOf(answer) as Shown;
}

/** How a webhook is. */
export async function showOf(on: At, name: string): Promise<Shown> {
  return jsonOf(await send(on.host, `GET ${WEBHOOKS}/${name}`)) as Shown;
}

/** Has a webhook do something. */
export async function order(on: At, name: string, what: string): Promise<Shown> {
  return jsonOf(await expectAnswer(on.host, `POST ${WEBHOOKS}/${name}/${what}`, { status: 200 })) as Shown;
}

/** What messages are about. */
export function subjectsOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ body }) => {
    const told = JSON.parse(body) as { subject: string } | { subject: string }[];
    return (Array.isArray(told) ? told : [told]).map(({ subject }) => subject);
  });
}
