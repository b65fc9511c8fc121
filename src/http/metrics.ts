import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Receiver } from "../webhooks/receivers.ts";
import type { RequestEntry } from "./observer.ts";
import { RequestMetrics } from "./request-metrics.ts";

/** Counters and gauges of one server, for Prometheus. */
export type Metrics = {
  observe(entry: RequestEntry): void;
  /** An attempt to tell a receiver of events. */
  attempted(webhook: string, isTaken: boolean, events: number): void;
  /** All of them in the text format. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>;
};

/** What is looked up when somebody asks. */
export type MetricsSources = {
  /** The newest revision of the catalog. */
  readonly revision: () => Promise<number>;
  /** Requests that are being answered. */
  readonly running: () => number;
  /** Who is told of events. */
  readonly receivers: () => Promise<readonly Receiver[]>;
};

/** How often the event loop's delay is sampled. At its default of 10 ms an idle server would never sleep. */
const EVENT_LOOP_SAMPLE_MS = 100;

/**
 * Metrics in a register of their own. Labels are the route's pattern, the method and the status: how many series there
 * are does not depend on what is stored or who asks.
 */
export function createMetrics(sources: MetricsSources): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  addGauges(register, sources);
  const requests = new RequestMetrics(register);
  const deliveries = addWebhooks(register, sources);
  return {
    attempted(webhook, isTaken, events) {
      deliveries.attempts.inc({ webhook, outcome: isTaken ? "taken" : "refused" });
      if (isTaken) deliveries.events.inc({ webhook }, events);
    },
    observe: (entry) => requests.observe(entry),
    async expose() {
      return { contentType: register.contentType, body: await register.metrics() };
    },
  };
}

function addGauges(register: Registry, { revision, running }: MetricsSources): void {
  const inFlight = new Gauge({
    name: "supercargo_http_requests_in_flight",
    help: "Requests that are being answered.",
    registers: [],
    collect() {
      this.set(running());
    },
  });
  const newest = new Gauge({
    name: "supercargo_catalog_revision",
    help: "The catalog's newest revision: how many events its log has had. NaN while the catalog does not answer.",
    registers: [],
    async collect() {
      // The other metrics matter most when the catalog is gone; /readyz says that it is.
      this.set(await revision().catch(() => Number.NaN));
    },
  });
  register.registerMetric(inFlight);
  register.registerMetric(newest);
}

type Deliveries = { readonly attempts: Counter; readonly events: Counter };

/** How far receivers are behind, and what became of deliveries. There are as many series as webhooks. */
function addWebhooks(register: Registry, { receivers }: MetricsSources): Deliveries {
  const gauge = (name: string, help: string, valueOf: (receiver: Receiver) => number): void => {
    const made = new Gauge({
      name: `supercargo_webhook_${name}`,
      help,
      labelNames: ["webhook"],
      registers: [],
      async collect() {
        this.reset();
        for (const receiver of await all()) this.set({ webhook: receiver.name }, valueOf(receiver));
      },
    });
    register.registerMetric(made);
  };
  // All gauges of one answer are of one look.
  let looked: Promise<readonly Receiver[]> | undefined;
  const all = (): Promise<readonly Receiver[]> => {
    looked ??= receivers()
      .catch(() => [])
      .finally(() => (looked = undefined));
    return looked;
  };
  gauge("lag_events", "Events of the log that the receiver has not been told of.", ({ lag }) => lag.events);
  gauge(
    "lag_seconds",
    "How long ago the next event for the receiver has happened. NaN when it is no longer kept.",
    ({ lag }) => lag.seconds ?? Number.NaN,
  );
  gauge("failures", "Attempts in a row that came to nothing.", ({ webhook }) => webhook.progress.failures);
  gauge("paused", "1 when nothing is sent until somebody resumes it.", ({ webhook }) =>
    webhook.progress.paused === undefined ? 0 : 1,
  );
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `supercargo_webhook_${name}`, help, labelNames, registers: [register] });
  return {
    attempts: counter("deliveries_total", "Attempts to deliver.", ["webhook", "outcome"]),
    events: counter("events_total", "Events that receivers have taken.", ["webhook"]),
  };
}
