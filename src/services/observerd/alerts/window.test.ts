import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AlertRule, alertRule, type ObservedEvent } from "#contracts/observe";
import { AlertWindow } from "./window.ts";

const rule = (more: Partial<AlertRule>): AlertRule =>
  alertRule.parse({ rule: "r", measure: "count", threshold: 1, window_s: 60, min_events: 1, ...more });

const event = (data: Record<string, unknown> = {}, more: Partial<ObservedEvent> = {}): ObservedEvent => ({
  seq: 1,
  at: "2026-11-21T12:00:00.000Z",
  source: "gateway",
  kind: "request",
  level: "info",
  data,
  ...more,
});

const S = 1000;

describe("an alert rule", () => {
  test("counts in its window what it is about, and what an event stands for", () => {
    const window = new AlertWindow(rule({ source: "gateway" }));
    window.add(event(), 0);
    window.add(event({ count: 9 }), 30 * S);
    window.add(event({}, { source: "other" }), 30 * S);
    expect(window.value(31 * S)).toBe(10);
    expect(window.value(62 * S)).toBe(9);
    expect(window.value(1000 * S)).toBe(0);
  });

  test("error_rate is the share of errors, and unknown of too few", () => {
    const window = new AlertWindow(rule({ measure: "error_rate", min_events: 10 }));
    window.add(event({ count: 8 }), 0);
    expect(window.value(0)).toBeNull();
    window.add(event({ count: 2 }, { level: "error" }), 0);
    expect(window.value(0)).toBeCloseTo(0.2);
  });

  test("latency is within 4 % of the quantile of all values", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (values, quantile) => {
          const window = new AlertWindow(rule({ measure: "latency", quantile }));
          for (const took_ms of values) window.add(event({ took_ms }), 0);
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
          expect(Math.abs((window.value(0) ?? 0) - exact) / exact).toBeLessThan(0.04);
        },
      ),
    );
  });

  test("drift compares with the window before", () => {
    const window = new AlertWindow(rule({ measure: "drift", field: "score.mean", min_events: 2 }));
    for (const at of [1, 2]) window.add(event({ score: { mean: 10 } }), at * S);
    expect(window.value(3 * S)).toBeNull();
    for (const at of [63, 64]) window.add(event({ score: { mean: 13 } }), at * S);
    expect(window.value(65 * S)).toBeCloseTo(0.3);
  });

  test("queue_growth is the slope a minute", () => {
    const window = new AlertWindow(rule({ measure: "queue_growth" }));
    window.add(event({ depth: 100 }), 0);
    expect(window.value(0)).toBeNull();
    window.add(event({ depth: 130 }), 30 * S);
    expect(window.value(31 * S)).toBeCloseTo(60);
  });

  test("takes no more memory for more events, and is not put off by a clock that is set back", () => {
    const window = new AlertWindow(rule({ measure: "latency" }));
    for (let at = 0; at < 20_000; at += 1) window.add(event({ took_ms: at % 1000 }), at * 100);
    window.add(event({ took_ms: 1 }), 0);
    expect(window.value(1_999_900)).toBeGreaterThan(900);
  });

  test("fields that are no numbers, or not its own, measure nothing", () => {
    const window = new AlertWindow(rule({ measure: "latency", field: "a.b" }));
    for (const data of [{ a: 1 }, { a: { b: "1" } }, { a: null }, { "a.b": 2 }]) window.add(event(data), 0);
    new AlertWindow(rule({ measure: "latency", field: "constructor.length" })).add(event(), 0);
    expect(window.value(0)).toBeNull();
  });
});
