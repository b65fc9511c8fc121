import type { IncomingMessage, ServerResponse } from "node:http";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { match } from "../../src/http/match.ts";
import { describeApi, templateOf } from "../../src/http/openapi.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { RegistryError } from "../../src/errors.ts";

type Content = Readonly<Record<string, { readonly schema: object }>>;
type Described = {
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, { readonly required: boolean }>>;
  readonly "x-codes"?: readonly string[];
};
type Paths = Readonly<Record<string, Record<string, { responses: Record<string, Described> }>>>;

const DOCUMENT = describeApi(ROUTES) as { readonly paths: Paths };
/** By this name schemas are found in the document. */
const NAME = "openapi.json";

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(DOCUMENT, NAME, false, false);

/** An answer as it went out. */
export type Sent = {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/**
 * How an answer differs from what the API's description says of its route; `undefined` when it does not. Answers to what
 * no route fits are failures without a description.
 */
export function deviation(method: string, url: string, sent: Sent): string | undefined {
  const place = placeOf(method, url);
  if (!place) return sent.status < 400 && method !== "OPTIONS" ? "no route is described" : undefined;
  const about = `${method} ${place.template} → ${sent.status}`;
  const described = DOCUMENT.paths[place.template]?.[place.method]?.responses[sent.status];
  if (!described) return `${about}: the status is not described`;
  const differs =
    headersDiffer(described, sent) ?? (method === "HEAD" ? undefined : bodyDiffers(described, sent, place));
  return differs && `${about}: ${differs}`;
}

type Place = { readonly template: string; readonly method: string };

function placeOf(method: string, url: string): Place | undefined {
  try {
    const { route } = match(method, url);
    return { template: templateOf(route.path), method: route.method.toLowerCase() };
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function headersDiffer({ headers = {} }: Described, sent: Sent): string | undefined {
  const missing = Object.entries(headers).find(
    ([name, { required }]) => required && sent.headers[name.toLowerCase()] === undefined,
  );
  return missing && `there is no header ${missing[0]}`;
}

function bodyDiffers(
  described: Described,
  { status, headers, body }: Sent,
  place: Place,
): string | undefined {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  if (!described.content) return body === "" ? undefined : "a body is not described";
  const key = [type, "*/*"].find((one) => described.content?.[one]);
  if (key === undefined) return `the type ${type} is not described`;
  if (!type.endsWith("json") || type.endsWith("ndjson")) return undefined;
  const codes = described["x-codes"];
  const value = JSON.parse(body) as { errors?: { code: string }[] };
  const code = codes && value.errors?.[0]?.code;
  if (code !== undefined && !codes?.includes(code)) return `the code ${code} is not described`;
  const validate = validatorOf([
    "paths",
    place.template,
    place.method,
    "responses",
    `${status}`,
    "content",
    key,
    "schema",
  ]);
  return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: "body" });
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(steps: readonly string[]): ValidateFunction {
  const pointer = steps
    .map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")))
    .join("/");
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `${NAME}#/${pointer}` });
  validators.set(pointer, known);
  return known;
}

/** Has every answer that the response will be compared with the description, and `differs` told what is otherwise. */
export function watch(
  request: IncomingMessage,
  response: ServerResponse,
  differs: (how: string) => void,
): void {
  const writeHead = response.writeHead.bind(response);
  const end = response.end.bind(response);
  let headers: Record<string, string> = {};
  response.writeHead = function written(status: number, ...rest: unknown[]) {
    const given = rest.at(-1);
    if (Array.isArray(given)) headers = Object.fromEntries(pairsOf(given).map(lowerCase));
    return Reflect.apply(writeHead, undefined, [status, ...rest]) as ServerResponse;
  };
  response.end = function ended(...given: unknown[]) {
    const [chunk] = given;
    const isText = typeof chunk === "string" || chunk instanceof Uint8Array;
    const body = isText ? Buffer.from(chunk).toString() : "";
    const { method = "", url = "" } = request;
    const how = deviation(method, url, { status: response.statusCode, headers, body });
    if (how !== undefined) differs(how);
    return Reflect.apply(end, undefined, given) as ServerResponse;
  };
}

/** Names and values, which come in turns. */
function pairsOf(given: readonly unknown[]): [string, unknown][] {
  const names = given.filter((_, position) => position % 2 === 0);
  return names.map((name, position) => [String(name), given[2 * position + 1]]);
}

function lowerCase([name, value]: [string, unknown]): [string, string] {
  return [name.toLowerCase(), String(value)];
}
