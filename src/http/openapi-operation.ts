import { ERROR_CODES, type ErrorCode } from "../errors.ts";
import { STATUS } from "./answer.ts";
import { pathParameters, type Parameter } from "./openapi-parameters.ts";
import { schema, type Schema } from "./openapi-schemas.ts";

/** What one route does, for its readers; what can be told from its path is not said again. */
export type Description = {
  /** One sentence. */
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** The media types of the request's body. */
  readonly takes?: readonly string[];
  /** The answers to a request that succeeds, by status. */
  readonly answers: Readonly<Record<number, Success>>;
  /** Failures beyond those that every route and every such path has. */
  readonly codes?: readonly ErrorCode[];
};

export type Success = {
  readonly says: string;
  /** Headers that are always there. */
  readonly headers?: readonly string[];
  /** Headers that may be there. */
  readonly mayHave?: readonly string[];
  readonly type?: string;
  readonly body?: Schema;
  /** Other types that `Accept` may ask for, in each of which it goes on as text. */
  readonly flows?: readonly string[];
};

const JSON_TYPE = "application/json";

/** Failures of every route. */
const CODES_EVERYWHERE: readonly ErrorCode[] = [
  "REQUEST_INVALID",
  "TOOMANYREQUESTS",
  "UNAVAILABLE",
  "UNKNOWN",
];
/** Failures of what a placeholder stands for. */
const CODES_OF: Readonly<Record<string, readonly ErrorCode[]>> = {
  name: ["NAME_INVALID"],
  digest: ["DIGEST_INVALID"],
  tag: ["TAG_INVALID"],
  reference: ["TAG_INVALID", "DIGEST_INVALID"],
};

/** An operation in OpenAPI's words. */
export function operationOf(method: string, path: string, description: Description): object {
  const { summary, takes, answers, codes = [] } = description;
  const parameters = [...pathParameters(path), ...(description.parameters ?? [])];
  const placeholders = pathParameters(path).flatMap(({ name }) => CODES_OF[name] ?? []);
  const successes = Object.entries(answers).map(([status, answer]) => [status, successOf(answer)]);
  return {
    operationId: operationId(method, path),
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(takes && { requestBody: { content: Object.fromEntries(takes.map((type) => [type, {}])) } }),
    responses: {
      ...Object.fromEntries(successes),
      ...failures([...CODES_EVERYWHERE, ...placeholders, ...codes]),
    },
  };
}

function successOf({
  says,
  headers = [],
  mayHave = [],
  type = JSON_TYPE,
  body,
  flows = [],
}: Success): object {
  const all = [
    ...headers.map((name) => [name, true] as const),
    ...mayHave.map((name) => [name, false] as const),
  ];
  const described = all.map(([name, required]) => [name, { required, schema: { type: "string" } }]);
  return {
    description: says,
    ...(all.length > 0 && { headers: Object.fromEntries(described) }),
    ...(body && { content: { [type]: { schema: body }, ...textsOf(flows) } }),
  };
}

function textsOf(types: readonly string[]): object {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: "string" } }]));
}

/** Failures by status, in the order of their codes; the codes for programs in an extension. */
function failures(codes: readonly ErrorCode[]): Record<string, object> {
  const known = ERROR_CODES.filter((code) => codes.includes(code));
  const byStatus = Object.groupBy(known, (code) => STATUS[code]);
  const described = Object.entries(byStatus).map(([status, here = []]) => [
    status,
    {
      description: here.join(", "),
      content: { [JSON_TYPE]: { schema: schema("Failure") } },
      "x-codes": here,
    },
  ]);
  return Object.fromEntries(described) as Record<string, object>;
}

/** A name that generators of clients can make a function of. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^a-zA-Z0-9_]+/).filter((word) => word !== "" && word !== "v2");
  return [method.toLowerCase(), ...words].join("_");
}
