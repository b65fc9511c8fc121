import { randomBytes } from "node:crypto";
import type { Webhook } from "../catalog/webhooks.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import { EVENT_PARAMETERS, readEventSelector, type EventSelector } from "../registry/event-selector.ts";

/**
 * How events are put to a receiver: a CloudEvent in a JSON body, one whose attributes are headers, several in a JSON array,
 * or what registries of CNCF distribution send.
 */
export const FORMATS = ["structured", "binary", "batch", "distribution"] as const;
export type Format = (typeof FORMATS)[number];

/** What a webhook can be called. */
export const WEBHOOK_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const WEBHOOK_NAME_FORM =
  "1 to 63 lower-case letters, digits, '.', '_' and '-', a letter or digit first";

const URL_LENGTH_MAX = 2_048;
/** Of secrets in bytes, as the Standard Webhooks specification has it. */
const SECRET_BYTES = { min: 24, max: 64, made: 32 };
const SECRET_PREFIX = "whsec_";
const PROTOCOLS = ["https:", "http:", "nats:"];
const SUBJECT = /^\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

export const URL_FORM =
  "https://HOST/PATH, http://HOST/PATH, or nats://HOST:PORT/SUBJECT for NATS JetStream, the subject without wildcards";
export const SECRET_FORM = `${SECRET_PREFIX} and then ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random bytes in base64`;

/** What a webhook is. */
export type Definition = {
  readonly url: string;
  readonly format: Format;
  /** Which events, by the parameters of the log. */
  readonly selector: Readonly<Record<string, string>>;
  /** By which deliveries are signed; absent: they are not. */
  readonly secret?: string | undefined;
};

const MEMBERS = ["url", "format", "selector", "secret"];

/** Reads a definition from JSON, or from what stands in the configuration. `PARAMETER_INVALID` with `detail.parameter`. */
export function readDefinition(value: unknown): Definition {
  if (!isObject(value))
    throw invalid("body", `A webhook is ${shown(value)}; it must be an object with a url.`);
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    throw invalid(unknown, `A webhook has no ${shown(unknown)}; it has ${MEMBERS.join(", ")}.`);
  }
  const { url, format = "structured", selector = {}, secret } = value;
  const known = FORMATS.find((one) => one === format);
  if (!isTarget(url)) throw invalid("url", `url is ${shown(url)}; it must be ${URL_FORM}.`);
  if (!known) throw invalid("format", `format is ${shown(format)}; it must be one of ${FORMATS.join(", ")}.`);
  if (secret !== undefined && !isSecret(secret)) {
    // What is nearly a secret is not repeated.
    throw invalid("secret", `secret is not of its form; it must be ${SECRET_FORM}.`);
  }
  return { url, format: known, selector: readSelector(selector), ...(secret !== undefined && { secret }) };
}

function readSelector(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) throw invalid("selector", `selector is ${shown(value)}; it must be an object.`);
  const texts = Object.entries(value).map(([name, text]) => {
    if (!EVENT_PARAMETERS.some((one) => one === name)) {
      const there = EVENT_PARAMETERS.join(", ");
      throw invalid("selector", `There is no ${shown(name)} in a selector of events; there are ${there}.`);
    }
    if (typeof text !== "string") throw invalid(name, `${name} is ${shown(text)}; it must be text.`);
    return [name, text] as const;
  });
  readEventSelector(texts);
  return Object.fromEntries(texts);
}

/** The definition that is kept of a webhook. */
export function definitionOf({ definition }: Pick<Webhook, "definition">): Definition {
  return readDefinition(JSON.parse(definition));
}

/** Which events a webhook is for. */
export function selectorOf({ selector }: Definition): EventSelector {
  return readEventSelector(Object.entries(selector));
}

/** A new secret. */
export function makeSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(SECRET_BYTES.made).toString("base64")}`;
}

/** The bytes of a secret. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
}

/** The URL as it may be shown: without a password. */
export function shownUrl({ url }: Definition): string {
  const shownAs = new URL(url);
  if (shownAs.password !== "") shownAs.password = "***";
  return shownAs.href;
}

/** `PARAMETER_INVALID` for what cannot be a webhook's name. */
export function parseWebhookName(name: string): string {
  if (WEBHOOK_NAME.test(name)) return name;
  throw invalid("webhook", `A webhook cannot be called ${shown(name)}; its name has ${WEBHOOK_NAME_FORM}.`);
}

function isTarget(url: unknown): url is string {
  if (typeof url !== "string" || url.length > URL_LENGTH_MAX || !URL.canParse(url)) return false;
  const { protocol, hostname, hash, pathname, search } = new URL(url);
  if (!PROTOCOLS.includes(protocol) || hostname === "" || hash !== "") return false;
  return protocol !== "nats:" || (SUBJECT.test(pathname) && search === "");
}

function isSecret(secret: unknown): secret is string {
  if (typeof secret !== "string" || !secret.startsWith(SECRET_PREFIX)) return false;
  const key = keyOf(secret);
  const isWhole = key.toString("base64") === secret.slice(SECRET_PREFIX.length);
  return isWhole && key.length >= SECRET_BYTES.min && key.length <= SECRET_BYTES.max;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(parameter: string, message: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", message, { detail: { parameter } });
}
