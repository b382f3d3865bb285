// Metrics of the events, for OTLP: counts since the start (cumulative), in series that have a limit, so that no sender can
// make as many as it likes.

import type { ObservedEvent } from "#contracts/observe";
import { attributesOf, METRICS, type Spelling } from "./names.ts";
import { GEN_AI, nanosOf, type OtlpValue, resourceOf, SCOPE, valueOf } from "./otlp.ts";

/** Of each metric; what comes beyond is counted together, as OpenTelemetry's own SDKs do it. */
const SERIES_MAX = 1000;
const OVERFLOW = { "otel.metric.overflow": true } as const;

/** Seconds, as the GenAI conventions say. */
const DURATION_BOUNDS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TOKEN_BOUNDS = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];

type Attributes = Readonly<Record<string, unknown>>;

interface Series {
  readonly attributes: Attributes;
  count: number;
  sum: number;
  readonly buckets: number[];
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  /** Without bounds it is a counter. */
  readonly bounds: readonly number[] | undefined;
  readonly series: Map<string, Series>;
}

const CUMULATIVE = 2;

export class EventMetrics {
  readonly #spelling: Spelling;
  readonly #startMs: number;
  readonly #metrics = new Map<string, Metric>();

  constructor(spelling: Spelling, startMs: number) {
    this.#spelling = spelling;
    this.#startMs = startMs;
  }

  add({ source, kind, level, data }: ObservedEvent): void {
    const many = typeof data["count"] === "number" && data["count"] >= 1 ? data["count"] : 1;
    this.#count(METRICS.events, "{event}", { source, kind, level }, many);
    const tookMs = data["took_ms"];
    if (typeof tookMs === "number") {
      this.#measure(METRICS.operations, "s", DURATION_BOUNDS, { source, kind }, tookMs / 1000, many);
    }
    if (!GEN_AI.has(kind)) return;
    const about = this.#genAi({ operation: kind, provider: data["provider"], model: data["model"] });
    if (typeof tookMs === "number") {
      this.#measure(METRICS.duration.current, "s", DURATION_BOUNDS, about, tookMs / 1000, many);
    }
    for (const type of ["input", "output"] as const) {
      const tokens = data[`${type}_tokens`];
      if (typeof tokens !== "number") continue;
      const typed = { ...about, "gen_ai.token.type": type };
      if (this.#spelling !== "older") this.#count(METRICS.tokens.current, "{token}", typed, tokens);
      if (this.#spelling !== "current")
        this.#measure(METRICS.tokens.older, "{token}", TOKEN_BOUNDS, typed, tokens, 1);
    }
  }

  #genAi(fields: Readonly<Record<string, unknown>>): Attributes {
    const named = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .flatMap(([field, value]) =>
        attributesOf(field, this.#spelling, false).map((key) => [key, value] as const),
      );
    return Object.fromEntries(named);
  }

  #count(name: string, unit: string, attributes: Attributes, many: number): void {
    this.#series(name, unit, undefined, attributes).sum += many;
  }

  #measure(
    name: string,
    unit: string,
    bounds: readonly number[],
    attributes: Attributes,
    value: number,
    many: number,
  ): void {
    const series = this.#series(name, unit, bounds, attributes);
    series.count += many;
    series.sum += value * many;
    const at = bounds.findIndex((bound) => value <= bound);
    const bucket = at === -1 ? bounds.length : at;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + many;
  }

  #series(name: string, unit: string, bounds: readonly number[] | undefined, attributes: Attributes): Series {
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = { name, unit, bounds, series: new Map() };
      this.#metrics.set(name, metric);
    }
    const isFull = metric.series.size >= SERIES_MAX;
    const key = JSON.stringify(attributes);
    const known = metric.series.get(key);
    if (known !== undefined) return known;
    const kept = isFull ? OVERFLOW : attributes;
    const keptKey = isFull ? "overflow" : key;
    const series = metric.series.get(keptKey) ?? {
      attributes: kept,
      count: 0,
      sum: 0,
      buckets: Array.from({ length: (bounds?.length ?? -1) + 1 }, () => 0),
    };
    metric.series.set(keptKey, series);
    return series;
  }

  /** Undefined while there are none. */
  request(nowMs: number, version: string): object | undefined {
    if (this.#metrics.size === 0) return undefined;
    const times = { startTimeUnixNano: nanosOf(this.#startMs), timeUnixNano: nanosOf(nowMs) };
    const metrics = [...this.#metrics.values()].map(({ name, unit, bounds, series }) => {
      const points = [...series.values()].map((one) => {
        const attributes = Object.entries(one.attributes).map(
          ([key, value]): { key: string; value: OtlpValue } => ({
            key,
            value: valueOf(value),
          }),
        );
        if (bounds === undefined) return { attributes, ...times, asDouble: one.sum };
        return {
          attributes,
          ...times,
          count: String(one.count),
          sum: one.sum,
          bucketCounts: one.buckets.map(String),
          explicitBounds: bounds,
        };
      });
      const aggregated = { dataPoints: points, aggregationTemporality: CUMULATIVE };
      return {
        name,
        unit,
        ...(bounds === undefined ? { sum: { ...aggregated, isMonotonic: true } } : { histogram: aggregated }),
      };
    });
    return {
      resourceMetrics: [
        { resource: resourceOf("lakehouse", version), scopeMetrics: [{ scope: SCOPE, metrics }] },
      ],
    };
  }
}
