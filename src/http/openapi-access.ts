import type { Description } from "./openapi-operation.ts";
import { query } from "./openapi-parameters.ts";
import { list, object } from "./openapi-schemas.ts";

const TEXT = { type: "string" };
const ACTIONS = list({ type: "string", enum: ["list", "pull", "push", "delete"] });
const GRANTS = list(object({ on: TEXT, allow: ACTIONS }, ["on", "allow"]));

const TOKEN: Description["answers"] = {
  200: {
    says: "A token. It may carry less than was asked for.",
    headers: ["Cache-Control"],
    body: object(
      {
        token: TEXT,
        access_token: { ...TEXT, description: "The same as `token`." },
        scope: TEXT,
        expires_in: { type: "integer", description: "Seconds." },
        issued_at: { ...TEXT, format: "date-time" },
        refresh_token: { ...TEXT, description: "On request: it gets other tokens without the password." },
      },
      ["token", "access_token", "scope", "expires_in", "issued_at"],
    ),
  },
};
const CODES = ["PARAMETER_INVALID", "UNAUTHORIZED", "TOOMANYREQUESTS", "ROUTE_UNKNOWN"] as const;

/** The routes by which callers say who they are. */
export const ACCESS: Readonly<Record<string, Description>> = {
  "GET /v2/_supercargo/token": {
    summary: "A token for whoever logs in by Basic, or for nobody. Other parameters are ignored.",
    parameters: [
      query("service", "The service that the challenge names"),
      query("scope", "What the token is for, as `repository:<name>:pull,push`; any number of times"),
      query("account", "The name that the client logs in with; ignored"),
      query("client_id", "The client's own name; ignored"),
      query("offline_token", "`true` asks for a refresh token as well"),
    ],
    answers: TOKEN,
    codes: CODES,
  },
  "POST /v2/_supercargo/token": {
    summary: "A token by a form, with a password or a refresh token in it.",
    takes: ["application/x-www-form-urlencoded"],
    answers: TOKEN,
    codes: [...CODES, "SIZE_EXCEEDED"],
  },
  "GET /v2/_supercargo/jwks.json": {
    summary: "The public keys by which tokens are verified.",
    answers: {
      200: {
        says: "A JSON Web Key Set.",
        type: "application/jwk-set+json",
        body: object({ keys: list({ type: "object" }) }, ["keys"]),
      },
    },
    codes: ["PARAMETER_INVALID", "ROUTE_UNKNOWN"],
  },
  "GET /v2/_supercargo/whoami": {
    summary: "Who the caller is, and what they may do where.",
    answers: {
      200: {
        says: "Who it is, and the `robot` that acts for them; nobody where there is no `user`.",
        headers: ["Cache-Control"],
        body: object({ user: TEXT, robot: TEXT, groups: list(TEXT), allowed: GRANTS, within: GRANTS }, [
          "groups",
          "allowed",
        ]),
      },
    },
    codes: ["PARAMETER_INVALID"],
  },
};
