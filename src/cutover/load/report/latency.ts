// Latencies as an HDR histogram: three significant digits from a microsecond to ten minutes in fixed memory, however many
// are recorded, so that the worst of a long run is as exact as its middle.

import { build } from "hdr-histogram-js";

/** Milliseconds; zeros where nothing was recorded. */
export interface Latency {
  readonly mean_ms: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  readonly max_ms: number;
}

export interface Latencies {
  record(ms: number): void;
  summary(): Latency;
}

/** A latency past this is as bad as any: ten minutes. */
const LATENCY_US_MAX = 600_000_000;

export function createLatencies(): Latencies {
  const histogram = build({
    bitBucketSize: 32,
    numberOfSignificantValueDigits: 3,
    highestTrackableValue: LATENCY_US_MAX,
  });
  const ms = (us: number): number => Math.round(us) / 1000;
  return {
    record: (value) => {
      histogram.recordValue(Math.min(LATENCY_US_MAX, Math.max(1, Math.round(value * 1000))));
    },
    summary: () => {
      const none = histogram.totalCount === 0;
      const at = (percentile: number): number =>
        none ? 0 : ms(Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue));
      return {
        mean_ms: none ? 0 : ms(histogram.mean),
        p50_ms: at(50),
        p95_ms: at(95),
        p99_ms: at(99),
        p999_ms: at(99.9),
        max_ms: none ? 0 : ms(histogram.maxValue),
      };
    },
  };
}
