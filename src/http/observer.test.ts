import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import { createMetrics } from "./metrics.ts";
import { createObserver, type RequestEntry } from "./observer.ts";

const ENTRY: RequestEntry = {
  requestId: "r1",
  method: "GET",
  route: "/v2/<name>/manifests/<reference>",
  path: "/v2/app/manifests/v1",
  status: 200,
  bytesIn: 3,
  bytesOut: 500,
  ms: 1.23456,
  actor: "anonymous",
};

function observed(entries: readonly RequestEntry[], level = "info"): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = pino({ level, base: null, timestamp: false }, { write: (line) => lines.push(line) });
  const metrics = createMetrics({ receivers: async () => [], revision: async () => 0, running: () => 0 });
  const observer = createObserver({ log, metrics });
  for (const entry of entries) observer.finished(entry);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a request is one line with everything known of it", () => {
  assert.deepEqual(observed([ENTRY]), [{ level: 30, ...ENTRY, ms: 1.235, msg: "request" }]);
});

test("a failure of ours is logged as an error with its stack and causes, a refusal is not", () => {
  const error = new Error("outer", { cause: new Error("inner") });
  const [failed, refused] = observed([
    { ...ENTRY, status: 500, code: "UNKNOWN", error },
    { ...ENTRY, status: 404, code: "MANIFEST_UNKNOWN" },
  ]);
  assert.equal(failed?.["level"], 50);
  assert.match(JSON.stringify(failed?.["err"]), /outer.*observer\.test.*inner/);
  assert.equal(refused?.["level"], 30);
  assert.equal(refused?.["code"], "MANIFEST_UNKNOWN");
  assert.equal(refused?.["err"], undefined);
});

test("probes are logged only at debug, unless they fail", () => {
  const probes = ["/healthz", "/readyz", "/metrics"].map((route) => ({ ...ENTRY, route }));
  assert.equal(observed(probes).length, 0);
  assert.equal(observed(probes, "debug").length, 3);
  assert.equal(observed(probes.map((probe) => ({ ...probe, status: 503 }))).length, 3);
});

test("whatever a line says, it is what the logger would make of it", () => {
  const odd = {
    ...ENTRY,
    path: '/v2/"a\\b\n\u2028é',
    actor: 'a"nn',
    bytesOut: 0,
  } as const;
  const rare = [{}, { code: "DENIED" }, { refusal: '"No."' }, { code: "DENIED", refusal: "No." }] as const;
  const lines: string[] = [];
  const log = pino({ timestamp: () => ',"time":"now"' }, { write: (line) => lines.push(line) });
  const metrics = createMetrics({ receivers: async () => [], revision: async () => 0, running: () => 0 });
  const observer = createObserver({ log: log.child({ of: "a child" }), metrics });
  for (const more of rare) {
    observer.finished({ ...odd, ...more });
    log.child({ of: "a child" }).info({ ...odd, ms: 1.235, ...more }, "request");
    const [ours, theirs] = lines.splice(0);
    assert.deepEqual(JSON.parse(ours ?? ""), JSON.parse(theirs ?? ""));
    assert.equal(ours?.length, theirs?.length);
  }
});

/** Each by itself: none of them is noticed for the sake of another. */
const SECRET_NAMES =
  "code key sig session token passwd pwd secret auth credential signature apikey api_key jwt JWT Code".split(
    " ",
  );

test("what may be a secret in a path is not logged", () => {
  const secret = `supercargo_${"aB3-".repeat(10)}xyz`;
  const signed = `eyJ${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(20)}`;
  const cases = {
    "/v2/a/tags/list?n=5&last=v%201&q=a=b": "/v2/a/tags/list?n=5&last=v%201&q=a=b",
    "/v2/_supercargo/token?account=ann&password=hun%20ter2&scope=x":
      "/v2/_supercargo/token?account=ann&password=…&scope=x",
    "/v2/?refresh_token=a&access_token=b&client_secret=c=d&Authorization=e&n=1":
      "/v2/?refresh_token=…&access_token=…&client_secret=…&Authorization=…&n=1",
    "/v2/?%74oken=a&toke%6E=b": "/v2/?%74oken=…&toke%6E=…",
    [`/v2/?q=${secret}&last=${signed}&x=%73${secret.slice(1)}`]: "/v2/?q=…&last=…&x=…",
    [`/v2/${secret}/tags/list?${signed}`]: "/v2/…/tags/list?…",
    "http://ann:hunter2@registry.example/v2/?n=1": "http://…@registry.example/v2/?n=1",
    "/v2/?a?token=b&token": "/v2/?a?token=…&token",
    ...Object.fromEntries(SECRET_NAMES.map((name) => [`/v2/?${name}=hunter2`, `/v2/?${name}=…`])),
    [`/v2/${secret}`]: "/v2/…",
    [`/v2/whsec_${"a".repeat(16)}`]: "/v2/…",
    [`/v2/${signed}`]: "/v2/…",
    "ftp://ann:hunter2@registry.example/": "ftp://…@registry.example/",
  };
  const lines = observed(Object.keys(cases).map((path) => ({ ...ENTRY, path })));
  assert.deepEqual(
    lines.map((line) => line["path"]),
    Object.values(cases),
  );
});

test("a path is logged up to a length that no honest one reaches", () => {
  const [line] = observed([{ ...ENTRY, path: `/${"x".repeat(5000)}` }]);
  assert.equal(String(line?.["path"]).length, 1025);
});
