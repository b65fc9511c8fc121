import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { ListKind } from "../../src/catalog/items.ts";
import { TOKEN_PATH } from "../../src/http/challenge.ts";
import { FIELDS, INCLUDES } from "../../src/http/list-fields.ts";
import { describeApi, DESCRIPTIONS } from "../../src/http/openapi.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { PARAMETERS } from "../../src/registry/selector-parameters.ts";
import { SELECTOR_PARAMETERS } from "../../src/registry/selector.ts";
import { blobOf, descriptorOf, manifestOf, pushBlob, pushManifest } from "../support/artifact.ts";
import { deviation, type Sent } from "../support/described.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
};
type Document = { readonly paths: Readonly<Record<string, Record<string, Operation>>> };

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;
const layer = blobOf("a layer");
await pushBlob(host, "team/app", layer);
await pushManifest(host, "team/app:v1", manifestOf({ layers: [descriptorOf(layer)] }));

const document = describeApi(ROUTES) as Document;

describe("the API's description", () => {
  test("is served as it is generated, and is not sent again to who has it", async () => {
    const line = "GET /v2/_supercargo/openapi.json";
    const { headers } = await expectAnswer(host, line, {
      status: 200,
      json: JSON.parse(JSON.stringify(document)),
    });
    const send = { headers: { "If-None-Match": headers.etag } };
    await expectAnswer(host, line, { send, status: 304, bytes: "" });
    await expectAnswer(host, `${line}?n=1`, { status: 400, code: "PARAMETER_INVALID" });
  });

  test("is a valid OpenAPI document", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    assert.ok(valid, JSON.stringify(errors, undefined, 1));
    assert.equal(validator.version, "3.1");
  });

  test("has every route that is served, and describes no other", () => {
    const served = ROUTES.map(({ method, path }) => `${method} ${path}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, "<$1>")}`,
      ),
    );
    assert.deepEqual(described.toSorted(), served.toSorted());
    assert.deepEqual(Object.keys(DESCRIPTIONS).toSorted(), served.toSorted());
  });

  test("gives every operation a name of its own", () => {
    const names = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    assert.ok(names.length > 0);
    assert.equal(new Set(names).size, names.length);
  });

  test("has every parameter that a list takes", () => {
    for (const kind of ["repositories", "tags", "manifests", "namespaces"] as const) {
      const expected = [...SELECTOR_PARAMETERS[kind], ...besides(kind)];
      assert.deepEqual(parametersOf(`/v2/_supercargo/${kind}`), expected.toSorted(), kind);
    }
  });

  test("has the parameters that routes of ours know when they refuse another", async () => {
    const ours = ROUTES.filter(
      // Clients send the token end-point more than it knows.
      ({ method, path }) => method === "GET" && path.includes("_supercargo") && path !== TOKEN_PATH,
    );
    assert.ok(ours.length > 5);
    for (const { path } of ours) {
      const target = path.replace("<name>", "team/app").replace("<tag>", "v1");
      const answer = await expectAnswer(host, `GET ${target}?bogus=1`, {
        status: 400,
        code: "PARAMETER_INVALID",
      });
      const { errors } = jsonOf(answer) as {
        errors: { detail: { known?: string[]; allowed?: string[]; parameter: string } }[];
      };
      const detail = errors[0]?.detail;
      assert.equal(detail?.parameter, "bogus", path);
      // A list that has nothing on request says so only to who asks for it.
      const known = (detail?.known ?? detail?.allowed ?? []).filter((name) => name !== "include");
      const described = parametersOf(path).filter((name) => name !== "include");
      assert.deepEqual(described, known.toSorted(), path);
    }
  });
});

test("docs/api.md names every filter and every field of lists", () => {
  const chapter =
    /^## What is in the registry$.*?^## /ms.exec(readFileSync("docs/api.md", "utf8"))?.[0] ?? "";
  const names = (heading: string): string[] => {
    const [table = ""] = new RegExp(`^### ${heading}$.*?^###`, "ms").exec(chapter) ?? [];
    const cells = [...table.matchAll(/^\| ([^|]*)\| ([^|]*)\| ([^|]*)/gm)];
    const named = cells.flatMap((row) => (heading === "Filters" ? [row[1]] : [row[2], row[3]]));
    return [...named.join().matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  };
  assert.deepEqual(names("Filters").toSorted(), Object.keys(PARAMETERS).toSorted());
  assert.deepEqual(new Set(names("Fields")), new Set(Object.values(FIELDS).flat()));
});

describe("answers are held to the description", () => {
  const headers = { "content-type": "application/json", "supercargo-revision": "3", etag: 'W/"3"' };
  const page = (item: object, more: object = {}): Sent => ({
    status: 200,
    headers,
    body: JSON.stringify({ revision: 3, items: [item], ...more }),
  });
  const differs = (sent: Sent): string | undefined => deviation("GET", "/v2/_supercargo/tags", sent);

  test("one that is as described passes", () => {
    assert.equal(
      differs(page({ repository: "a", name: "v1", size: 3, created: "2026-08-01T12:00:00.000Z" })),
      undefined,
    );
  });

  test("a field, a status, a header, a type or a code that is not described is found", () => {
    const failure = JSON.stringify({ errors: [{ code: "BLOB_UNKNOWN", message: "There is no such blob." }] });
    assert.match(differs(page({ colour: "red" })) ?? "", /additional properties/);
    assert.match(differs(page({}, { total: 3 })) ?? "", /additional properties/);
    assert.match(differs(page({ size: "3" })) ?? "", /must be integer/);
    assert.match(differs(page({ created: "2026-08-01T12:00:00Z" })) ?? "", /must match pattern/);
    assert.match(differs({ ...page({}), status: 418 }) ?? "", /status is not described/);
    assert.match(
      differs({ ...page({}), headers: { ...headers, "content-type": "text/html" } }) ?? "",
      /type text/,
    );
    assert.match(
      differs({ ...page({}), headers: { "content-type": "application/json" } }) ?? "",
      /no header/,
    );
    assert.match(
      differs({ status: 400, headers, body: failure }) ?? "",
      /code BLOB_UNKNOWN is not described/,
    );
  });

  test("the search's hits are told apart by their kind", () => {
    const hit = (kind: string): string | undefined =>
      deviation(
        "GET",
        "/v2/_supercargo/search?q=a",
        page({ kind, tagCount: 1, manifestCount: 1, matched: [] }),
      );
    assert.equal(hit("repository"), undefined);
    assert.match(hit("tag") ?? "", /additional properties/);
  });
});

/** Names of the query parameters of a GET, in order. */
function parametersOf(path: string): string[] {
  const operation = document.paths[path.replaceAll(/<(\w+)>/g, "{$1}")]?.["get"];
  const inQuery = (operation?.parameters ?? []).filter((parameter) => parameter.in === "query");
  return inQuery.map(({ name }) => name).toSorted();
}

function besides(kind: ListKind): string[] {
  const all = ["orderBy", "order", "n", "last", "continue", "at", "fields", "include"];
  return all.filter((name) => name !== "include" || INCLUDES[kind].length > 0);
}
