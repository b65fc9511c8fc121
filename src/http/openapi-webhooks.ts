import { FORMATS } from "../webhooks/definition.ts";
import type { Description } from "./openapi-operation.ts";
import { query } from "./openapi-parameters.ts";
import { list, object, schema } from "./openapi-schemas.ts";

const TEXT = { type: "string" };
const COUNT = { type: "integer", minimum: 0 };
const TIME = schema("Time");

const MEMBERS = {
  name: TEXT,
  url: { ...TEXT, description: "Without a password." },
  format: { ...TEXT, enum: FORMATS },
  selector: { type: "object", additionalProperties: TEXT },
  signed: { type: "boolean" },
  configured: { type: "boolean", description: "It is defined in the configuration file." },
  created: TIME,
  state: { ...TEXT, enum: ["active", "retrying", "paused"] },
  paused: { ...TEXT, description: "Why nothing is sent." },
  revision: { ...COUNT, description: "All up to here has been taken." },
  lag: object({ events: COUNT, seconds: { type: "number", minimum: 0 } }, ["events"]),
  failures: { ...COUNT, description: "Attempts in a row that came to nothing." },
  error: object({ reason: TEXT, time: TIME }, ["reason", "time"]),
  retry: { ...TIME, description: "Not to be tried before." },
  delivered: { ...TIME, description: "When something was taken last." },
};
const REQUIRED = [
  "name",
  "url",
  "format",
  "selector",
  "signed",
  "configured",
  "created",
  "state",
  "revision",
  "lag",
  "failures",
];
const WEBHOOK = object(MEMBERS, REQUIRED);
const DEFINED = object({ ...MEMBERS, secret: { ...TEXT, description: "Shown this once." } }, REQUIRED);
const UNSTORED = ["Cache-Control"];

const ONE: Description["answers"] = { 200: { says: "The webhook.", headers: UNSTORED, body: WEBHOOK } };
const CODES = ["WEBHOOK_UNKNOWN", "PARAMETER_INVALID"] as const;
const FROM_CODES = [...CODES, "REVISION_EXPIRED", "REVISION_UNKNOWN"] as const;
const FROM = query("from", "The revision behind which, or the time or age at which, it begins");

/** The routes by which whoever runs the registry says who is told of events. */
export const WEBHOOKS: Readonly<Record<string, Description>> = {
  "GET /v2/_supercargo/webhooks": {
    summary: "All webhooks by name, and how far each is.",
    answers: {
      200: { says: "All of them.", headers: UNSTORED, body: object({ items: list(WEBHOOK) }, ["items"]) },
    },
    codes: ["PARAMETER_INVALID"],
  },
  "GET /v2/_supercargo/webhooks/<webhook>": { summary: "One webhook.", answers: ONE, codes: CODES },
  "PUT /v2/_supercargo/webhooks/<webhook>": {
    summary: "Defines a webhook: an object with url, format, selector and secret.",
    parameters: [FROM],
    takes: ["application/json"],
    answers: {
      200: { says: "It was there, and is another now.", headers: UNSTORED, body: DEFINED },
      201: { says: "It is new.", headers: UNSTORED, body: DEFINED },
    },
    codes: [...FROM_CODES, "SIZE_EXCEEDED"],
  },
  "DELETE /v2/_supercargo/webhooks/<webhook>": {
    summary: "Removes a webhook.",
    answers: { 204: { says: "It is gone." } },
    codes: CODES,
  },
  "POST /v2/_supercargo/webhooks/<webhook>/pause": {
    summary: "Sends nothing until it is resumed.",
    answers: ONE,
    codes: CODES,
  },
  "POST /v2/_supercargo/webhooks/<webhook>/resume": {
    summary: "Goes on where it was, at once.",
    answers: ONE,
    codes: CODES,
  },
  "POST /v2/_supercargo/webhooks/<webhook>/replay": {
    summary: "Goes on from a revision or time, before or after where it was.",
    parameters: [FROM],
    answers: ONE,
    codes: FROM_CODES,
  },
  "POST /v2/_supercargo/webhooks/<webhook>/test": {
    summary: "Sends a message that is about nothing, at once.",
    answers: {
      200: {
        says: "What became of it.",
        headers: UNSTORED,
        body: object({ taken: { type: "boolean" }, reason: TEXT }, ["taken"]),
      },
    },
    codes: CODES,
  },
};
