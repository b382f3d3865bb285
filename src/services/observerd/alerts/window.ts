// What an alert rule measures, over a sliding window in buckets: memory does not grow with the events, and time is an
// argument. Quantiles come from a histogram of logarithmic buckets, which is exact to 2 % (as DDSketch, Masson et al. 2019).
//
// An event that stands for several, as a sampled request does, says so in `data.count`.

import type { AlertRule, ObservedEvent } from "#contracts/observe";

/** A window slides in so many steps. */
const STEPS = 30;
/** Each bucket of the histogram reaches 4 % further than the one before. */
const GROWTH = 1.04;
const SMALLEST = 1e-6;
const MINUTE_MS = 60_000;

interface Bucket {
  /** Of its step since 1970. */
  readonly step: number;
  events: number;
  errors: number;
  /** Events with the field, and the sum over them. */
  measured: number;
  sum: number;
  first: { readonly atMs: number; readonly value: number } | undefined;
  last: { readonly atMs: number; readonly value: number } | undefined;
  readonly histogram: Map<number, number>;
}

export class AlertWindow {
  readonly #rule: AlertRule;
  readonly #stepMs: number;
  /** Of this window and the one before, oldest first. */
  #buckets: Bucket[] = [];

  constructor(rule: AlertRule) {
    this.#rule = rule;
    this.#stepMs = (rule.window_s * 1000) / STEPS;
  }

  add(event: ObservedEvent, nowMs: number): void {
    const { source, kind } = this.#rule;
    if (source !== undefined && event.source !== source) return;
    if (kind !== undefined && event.kind !== kind) return;
    const bucket = this.#bucketAt(nowMs);
    const many =
      typeof event.data["count"] === "number" && event.data["count"] >= 1 ? event.data["count"] : 1;
    bucket.events += many;
    if (event.level === "error") bucket.errors += many;
    const value = numberAt(event.data, fieldOf(this.#rule));
    if (value === undefined) return;
    bucket.measured += many;
    bucket.sum += value * many;
    bucket.first ??= { atMs: nowMs, value };
    bucket.last = { atMs: nowMs, value };
    const place = value <= SMALLEST ? 0 : Math.ceil(Math.log(value / SMALLEST) / Math.log(GROWTH));
    bucket.histogram.set(place, (bucket.histogram.get(place) ?? 0) + many);
  }

  /** In the unit of what is measured; null while there are too few events. */
  value(nowMs: number): number | null {
    this.#forget(nowMs);
    const now = this.#between(nowMs, 0);
    const { measure, min_events: least, quantile } = this.#rule;
    const events = total(now, "events");
    const measured = total(now, "measured");
    if (measure === "count") return events;
    if (measure === "error_rate") return events < least ? null : total(now, "errors") / events;
    if (measured < least) return null;
    if (measure === "latency") return quantileOf(now, quantile, measured);
    return measure === "drift" ? driftOf(now, this.#between(nowMs, STEPS), least) : growthOf(now);
  }

  #bucketAt(nowMs: number): Bucket {
    const step = Math.floor(nowMs / this.#stepMs);
    const last = this.#buckets.at(-1);
    // A clock that is set back puts events into the newest bucket.
    if (last !== undefined && last.step >= step) return last;
    const bucket: Bucket = {
      step,
      events: 0,
      errors: 0,
      measured: 0,
      sum: 0,
      first: undefined,
      last: undefined,
      histogram: new Map(),
    };
    this.#buckets.push(bucket);
    this.#forget(nowMs);
    return bucket;
  }

  #forget(nowMs: number): void {
    const oldest = Math.floor(nowMs / this.#stepMs) - 2 * STEPS + 1;
    if ((this.#buckets[0]?.step ?? oldest) >= oldest) return;
    this.#buckets = this.#buckets.filter(({ step }) => step >= oldest);
  }

  /** The buckets of the window that ended so many steps ago. */
  #between(nowMs: number, stepsAgo: number): readonly Bucket[] {
    const last = Math.floor(nowMs / this.#stepMs) - stepsAgo;
    return this.#buckets.filter(({ step }) => step <= last && step > last - STEPS);
  }
}

/** Where the rule names no field. */
function fieldOf({ field, measure }: AlertRule): string {
  return field ?? (measure === "queue_growth" ? "depth" : "took_ms");
}

function total(buckets: readonly Bucket[], what: "events" | "errors" | "measured" | "sum"): number {
  return buckets.reduce((sum, bucket) => sum + bucket[what], 0);
}

/** How far the mean is from that of the window before, as a share of it. */
function driftOf(now: readonly Bucket[], before: readonly Bucket[], least: number): number | null {
  const measured = total(before, "measured");
  if (measured < least) return null;
  const mean = total(before, "sum") / measured;
  const change = Math.abs(total(now, "sum") / total(now, "measured") - mean);
  return change === 0 ? 0 : change / Math.max(Math.abs(mean), SMALLEST);
}

/** A minute, from the first of the window to the last. */
function growthOf(now: readonly Bucket[]): number | null {
  const first = now.find((bucket) => bucket.first !== undefined)?.first;
  const last = now.findLast((bucket) => bucket.last !== undefined)?.last;
  if (first === undefined || last === undefined || last.atMs === first.atMs) return null;
  return (last.value - first.value) / ((last.atMs - first.atMs) / MINUTE_MS);
}

function quantileOf(buckets: readonly Bucket[], quantile: number, measured: number): number {
  const merged = new Map<number, number>();
  for (const { histogram } of buckets) {
    for (const [place, count] of histogram) merged.set(place, (merged.get(place) ?? 0) + count);
  }
  let left = quantile * measured;
  for (const [place, count] of [...merged].sort(([a], [b]) => a - b)) {
    left -= count;
    // The middle of the bucket.
    if (left <= 0) return place === 0 ? 0 : (SMALLEST * GROWTH ** place * 2) / (1 + GROWTH);
  }
  return 0;
}

function numberAt(data: Readonly<Record<string, unknown>>, field: string): number | undefined {
  let value: unknown = data;
  for (const name of field.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
