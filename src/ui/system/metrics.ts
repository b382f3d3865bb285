// What `/metrics` says, in the shapes that the screen shows. The text is Prometheus's exposition format
// (https://prometheus.io/docs/instrumenting/exposition_formats/).

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

export function samplesIn(text: string): readonly Sample[] {
  return text.split("\n").flatMap((line): Sample[] => {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = "", quoted = ""]): [string, string] => [
      key,
      quoted.replaceAll(/\\[n"\\]/g, (escape) => ESCAPES[escape] ?? escape),
    ]);
    return [{ name, labels: Object.fromEntries(pairs), value: numberIn(value) }];
  });
}

function numberIn(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

/** The sum of a metric's samples that have these labels; undefined where there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const fitting = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return fitting.length === 0 ? undefined : fitting.reduce((sum, { value }) => sum + value, 0);
}

/** A bound in seconds, and how many were at most that long. */
export type Bucket = readonly [bound: number, count: number];

/**
 * A quantile of a histogram in seconds, even within a bucket as Prometheus's own `histogram_quantile` takes it. Beyond the last
 * bound it is that bound; without a request null.
 */
export function quantileOf(buckets: readonly Bucket[], quantile: number): number | null {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const wanted = quantile * total;
  let [below, start] = [0, 0];
  for (const [bound, count] of sorted) {
    if (count >= wanted) {
      if (!Number.isFinite(bound)) return start;
      return count === below ? bound : start + ((bound - start) * (wanted - below)) / (count - below);
    }
    [below, start] = [count, bound];
  }
  return start;
}

export interface RouteTraffic {
  readonly service: string;
  readonly route: string;
  readonly requests: number;
  /** Replied with 500 and above. */
  readonly failed: number;
  /** Replied with 400 to 499. */
  readonly refused: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly mean_ms: number | null;
}

const REQUESTS = "lakehouse_requests_total";
const SECONDS = "lakehouse_request_seconds";

/** By service and route, the busiest first. */
export function trafficOf(samples: readonly Sample[]): readonly RouteTraffic[] {
  const routes = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { service, route } = sample.labels;
    if (service === undefined || route === undefined) continue;
    if (sample.name !== REQUESTS && !sample.name.startsWith(SECONDS)) continue;
    const key = `${service} ${route}`;
    const own = routes.get(key);
    if (own === undefined) routes.set(key, [sample]);
    else own.push(sample);
  }
  return [...routes.values()].map(trafficOfRoute).sort((a, b) => b.requests - a.requests);
}

function trafficOfRoute(samples: readonly Sample[]): RouteTraffic {
  const { service = "", route = "" } = samples[0]?.labels ?? {};
  const requests = samples.filter(({ name }) => name === REQUESTS);
  const withStatus = (first: string): number =>
    requests
      .filter(({ labels }) => labels["status"]?.startsWith(first) === true)
      .reduce((sum, { value }) => sum + value, 0);
  const buckets = samples
    .filter(({ name }) => name === `${SECONDS}_bucket`)
    .map(({ labels, value }): Bucket => [numberIn(labels["le"] ?? ""), value]);
  const [seconds, count] = [sumOf(samples, `${SECONDS}_sum`), sumOf(samples, `${SECONDS}_count`)];
  const inMs = (quantile: number): number | null => {
    const found = quantileOf(buckets, quantile);
    return found === null ? null : found * 1000;
  };
  return {
    service,
    route,
    requests: requests.reduce((sum, { value }) => sum + value, 0),
    failed: withStatus("5"),
    refused: withStatus("4"),
    p50_ms: inMs(0.5),
    p99_ms: inMs(0.99),
    mean_ms: seconds === undefined || count === undefined || count === 0 ? null : (seconds / count) * 1000,
  };
}

export interface ProcessFigures {
  readonly service: string;
  readonly resident_bytes: number | null;
  readonly heap_bytes: number | null;
  readonly cpu_s: number | null;
  readonly uptime_s: number | null;
}

/** One line for each process: together there is one, apart one for each service. */
export function processesOf(samples: readonly Sample[]): readonly ProcessFigures[] {
  const services = samples
    .filter(({ name }) => name === "lakehouse_resident_bytes")
    .map(({ labels }) => labels["service"] ?? "");
  return services.map((service) => {
    const of = (name: string): number | null => sumOf(samples, name, { service }) ?? null;
    return {
      service,
      resident_bytes: of("lakehouse_resident_bytes"),
      heap_bytes: of("lakehouse_heap_bytes"),
      cpu_s: of("lakehouse_cpu_seconds_total"),
      uptime_s: of("lakehouse_uptime_seconds"),
    };
  });
}
