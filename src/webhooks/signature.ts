import { createHmac } from "node:crypto";
import { keyOf } from "./definition.ts";

/** What is signed: a message of this id, sent at this time. */
type Signed = { readonly id: string; readonly time: Date; readonly body: string };

/** The three headers of the Standard Webhooks specification, by which a receiver knows who sent a message and when. */
export function signatureHeaders(
  secret: string,
  { id, time, body }: Signed,
): Readonly<Record<string, string>> {
  const seconds = Math.floor(time.getTime() / 1_000);
  const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${mac}`,
  };
}
