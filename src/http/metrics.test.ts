import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "./metrics.ts";
import type { Receiver } from "../webhooks/receivers.ts";
import type { RequestEntry } from "./observer.ts";

const ENTRY: RequestEntry = {
  requestId: "r1",
  method: "GET",
  route: "/v2/<name>/tags/list",
  path: "/v2/team/app/tags/list",
  status: 200,
  bytesIn: 5,
  bytesOut: 70,
  ms: 20,
  actor: "anonymous",
};

test("requests are counted by route, method and status, timed, and their bytes added up", async () => {
  const metrics = createMetrics({ receivers: async () => [], revision: async () => 42, running: () => 3 });
  metrics.observe(ENTRY);
  metrics.observe({ ...ENTRY, status: 404 });
  const { contentType, body } = await metrics.expose();
  assert.match(contentType, /^text\/plain/);
  for (const line of [
    'supercargo_http_requests_total{route="/v2/<name>/tags/list",method="GET",status="200"} 1',
    'supercargo_http_requests_total{route="/v2/<name>/tags/list",method="GET",status="404"} 1',
    'supercargo_http_request_duration_seconds_count{route="/v2/<name>/tags/list",method="GET"} 2',
    'supercargo_http_request_duration_seconds_bucket{le="0.01",route="/v2/<name>/tags/list",method="GET"} 0',
    'supercargo_http_request_duration_seconds_bucket{le="0.025",route="/v2/<name>/tags/list",method="GET"} 2',
    'supercargo_http_body_bytes_total{direction="in"} 10',
    'supercargo_http_body_bytes_total{direction="out"} 140',
    "supercargo_http_requests_in_flight 3",
    "supercargo_catalog_revision 42",
  ])
    assert.ok(body.split("\n").includes(line), `${line} in\n${body}`);
  assert.match(body, /^process_resident_memory_bytes \d+/m);
});

test("times are counted by the bounds they are within, whatever they are", async () => {
  const metrics = createMetrics({ receivers: async () => [], revision: async () => 0, running: () => 0 });
  for (const ms of [0, 1, 1.5, 25, 600_000, 600_001]) metrics.observe({ ...ENTRY, ms });
  metrics.observe({ ...ENTRY, method: "MADEUP", ms: 3 });
  metrics.observe({ ...ENTRY, method: "OTHER", ms: 4 });
  const name = "supercargo_http_request_duration_seconds";
  const lines = (await metrics.expose()).body.split("\n").filter((line) => line.includes(name));
  const bounds = [
    "0.001",
    "0.0025",
    "0.005",
    "0.01",
    "0.025",
    "0.1",
    "0.5",
    "2.5",
    "10",
    "60",
    "600",
    "+Inf",
  ];
  const of = (method: string, counts: readonly number[], sum: number): string[] => {
    const labels = `route="/v2/<name>/tags/list",method="${method}"`;
    return [
      ...counts.map((count, position) => `${name}_bucket{le="${bounds[position]}",${labels}} ${count}`),
      `${name}_sum{${labels}} ${sum}`,
      `${name}_count{${labels}} ${counts.at(-1)}`,
    ];
  };
  assert.deepEqual(lines, [
    `# HELP ${name} Time from a request's head to the end of its answer.`,
    `# TYPE ${name} histogram`,
    ...of("GET", [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 6], 1200.0285),
    ...of("other", [0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2], 0.007),
  ]);
});

test("how many series there are does not depend on what clients send", async () => {
  const metrics = createMetrics({ receivers: async () => [], revision: async () => 0, running: () => 0 });
  const series = async (): Promise<number> =>
    (await metrics.expose()).body.split("\n").filter((line) => line.startsWith("supercargo_")).length;
  metrics.observe({ ...ENTRY, method: "MADEUP" });
  const before = await series();
  for (let i = 0; i < 100; i++)
    metrics.observe({ ...ENTRY, method: `M${i}`, path: `/${i}`, requestId: `${i}` });
  assert.equal(await series(), before);
});

test("metrics are there while the catalog is not", async () => {
  const metrics = createMetrics({
    receivers: async () => [],
    revision: () => Promise.reject(new Error("gone")),
    running: () => 1,
  });
  const { body } = await metrics.expose();
  assert.match(body, /^supercargo_catalog_revision Nan$/m);
  assert.match(body, /^supercargo_http_requests_in_flight 1$/m);
});

test("how far receivers are behind is told in events and in seconds, as far as that is known", async () => {
  const receiver = (name: string, lag: Receiver["lag"]): Receiver => ({
    name,
    url: "http://receiver.test",
    format: "structured",
    selector: {},
    isSigned: false,
    lag,
    webhook: {
      name,
      definition: "",
      isConfigured: false,
      generation: 1,
      created: new Date(0),
      progress: { cursor: 0, failures: 0 },
    },
  });
  const metrics = createMetrics({
    receivers: async () => [
      receiver("told", { events: 0, seconds: 0 }),
      receiver("behind", { events: 3, seconds: 12.5 }),
      receiver("forgotten", { events: 9 }),
    ],
    revision: async () => 9,
    running: () => 0,
  });
  const lines = (await metrics.expose()).body.split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("supercargo_webhook_lag_")),
    [
      'supercargo_webhook_lag_events{webhook="told"} 0',
      'supercargo_webhook_lag_events{webhook="behind"} 3',
      'supercargo_webhook_lag_events{webhook="forgotten"} 9',
      'supercargo_webhook_lag_seconds{webhook="told"} 0',
      'supercargo_webhook_lag_seconds{webhook="behind"} 12.5',
      'supercargo_webhook_lag_seconds{webhook="forgotten"} Nan',
    ],
  );
});
