import { Counter, type Histogram, type Registry } from "prom-client";
import type { RequestEntry } from "./observer.ts";

/** Upper bounds in seconds: from a cached page to a large upload over a slow line. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];

/** Every method that is counted by its name; anyone can invent more. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

type Labels = { readonly route: string; readonly method: string };

/** The requests of one route and method. */
type Series = {
  readonly labels: Labels;
  readonly statuses: Map<number, number>;
  /** How many ended within each bound, and not within the one before; the last are those beyond all. */
  readonly buckets: number[];
  seconds: number;
  count: number;
};

/**
 * Counts and times requests. They are added up here, and given to the register when somebody asks: it would look up each by
 * the texts of its labels, which is a tenth of what a small request takes.
 */
export class RequestMetrics {
  readonly #series = new Map<string, Map<string, Series>>();
  readonly #bytes = { in: 0, out: 0 };

  constructor(register: Registry) {
    this.#addRequests(register);
    this.#addDurations(register);
    this.#addBytes(register);
  }

  observe({ route, method, status, ms, bytesIn, bytesOut }: RequestEntry): void {
    const series = this.#series.get(route)?.get(method) ?? this.#seriesOf(route, method);
    const seconds = ms / 1000;
    series.statuses.set(status, (series.statuses.get(status) ?? 0) + 1);
    series.count++;
    series.seconds += seconds;
    let bucket = 0;
    // Beyond the last there is no bound, and nothing is more than that.
    while (seconds > DURATION_BUCKETS_S[bucket]!) bucket++;
    series.buckets[bucket]!++;
    this.#bytes.in += bytesIn;
    this.#bytes.out += bytesOut;
  }

  #seriesOf(route: string, sent: string): Series {
    const method = METHODS.has(sent) ? sent : "other";
    const methods = this.#series.get(route) ?? new Map<string, Series>();
    this.#series.set(route, methods);
    const series = methods.get(method) ?? {
      labels: { route, method },
      statuses: new Map(),
      buckets: [...DURATION_BUCKETS_S.map(() => 0), 0],
      seconds: 0,
      count: 0,
    };
    methods.set(method, series);
    return series;
  }

  #all(): Series[] {
    return [...this.#series.values()].flatMap((methods) => [...methods.values()]);
  }

  #addRequests(register: Registry): void {
    const all = (): Series[] => this.#all();
    const counter = new Counter({
      name: "supercargo_http_requests_total",
      help: "Requests answered.",
      labelNames: ["route", "method", "status"],
      registers: [],
      collect() {
        this.reset();
        for (const { labels, statuses } of all())
          for (const [status, count] of statuses) this.inc({ ...labels, status }, count);
      },
    });
    register.registerMetric(counter);
  }

  #addDurations(register: Registry): void {
    const name = "supercargo_http_request_duration_seconds";
    const histogram = {
      name,
      get: async () => ({
        name,
        help: "Time from a request's head to the end of its answer.",
        type: "histogram",
        values: this.#all().flatMap((series) => durationsOf(name, series)),
      }),
    };
    // A histogram takes nothing but one time after another; of any metric, the register asks no more than this.
    register.registerMetric(histogram as unknown as Histogram);
  }

  #addBytes(register: Registry): void {
    const bytes = this.#bytes;
    const counter = new Counter({
      name: "supercargo_http_body_bytes_total",
      help: "Bytes of request bodies (in) and answer bodies (out).",
      labelNames: ["direction"],
      registers: [],
      collect() {
        this.reset();
        this.inc({ direction: "in" }, bytes.in);
        this.inc({ direction: "out" }, bytes.out);
      },
    });
    register.registerMetric(counter);
  }
}

type Value = { readonly metricName: string; readonly labels: object; readonly value: number };

/** As Prometheus has them: how many took as long as each bound or less, how long all took, and how many they were. */
function durationsOf(name: string, { labels, buckets, seconds, count }: Series): Value[] {
  let within = 0;
  const values = DURATION_BUCKETS_S.map((bound, position) => {
    within += buckets[position] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: within };
  });
  return [
    ...values,
    { metricName: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: count },
    { metricName: `${name}_sum`, labels, value: seconds },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
