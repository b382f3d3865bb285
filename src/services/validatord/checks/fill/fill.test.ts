// Each fill check: a proposal that passes, one that fails, and one at the border.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NOW, ORDER, startValidatord, type TestValidatord, TOPOLOGIES } from "../../validatord.testing.ts";
import { FILL_CHECKS } from "./table.ts";

interface Case {
  readonly fills?: unknown;
  readonly backups?: unknown;
  readonly artifact?: Readonly<Record<string, unknown>>;
  readonly order?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
  /** The severity that the code is told with; undefined when it is not. */
  readonly told?: "error" | "warning";
}

const row = (worker_id: unknown, more: Record<string, unknown> = {}) => ({ worker_id, ...more });
const one = (id: string, more: Record<string, unknown> = {}) => [row(id, more)];
const shift = (worker_id: string, start_at: string, end_at: string, more: Record<string, unknown> = {}) => ({
  worker_id,
  order_id: "o-2",
  start_at,
  end_at,
  ...more,
});
const assigned = (...assignments: unknown[]) => ({ assignments });

/** By code: cases, those at the border among them. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  "fill.schema": [
    { fills: one("w-1") },
    { fills: [{ candidate_id: "w-1" }] },
    { fills: [{ id: "w-1" }] },
    { fills: [], told: "error" },
    { fills: "w-1", told: "error" },
    { fills: [null], told: "error" },
    { fills: one(""), told: "error" },
    { fills: [row(7)], told: "error" },
    { fills: one("w-1", { pay_rate: "$19.50" }), told: "error" },
    { fills: one("w-1", { pay_rate: 0 }) },
    { artifact: { fills: one("w-1") }, told: "error" },
    { artifact: { order_id: "o-9", fills: one("w-1") }, told: "error" },
    { fills: Array.from({ length: 500 }, () => row("w-1")) },
    { fills: Array.from({ length: 501 }, () => row("w-1")), told: "error" },
  ],
  "fill.headcount_short": [
    { fills: one("w-1") },
    { fills: one("w-1"), order: { headcount: 2 }, told: "error" },
    { fills: one("w-1"), order: { headcount: 2, allow_partial: true }, told: "warning" },
    { fills: one("w-1"), backups: one("w-2"), order: { headcount: 2 }, told: "error" },
    { fills: [row("w-1"), row("w-3")], order: { headcount: 2 }, told: "error" },
    { fills: [row("w-1"), row("w-2")], order: { headcount: 2 } },
  ],
  "fill.headcount_over": [
    { fills: [row("w-1"), row("w-2")], told: "error" },
    { fills: [row("w-1"), row("w-3")] },
    { fills: one("w-1"), backups: one("w-2") },
  ],
  "fill.duplicate_worker": [
    { fills: [row("w-1"), row("w-2")] },
    { fills: [row("w-1"), row("w-1")], told: "error" },
    { fills: one("w-1"), backups: one("w-1"), told: "error" },
    { fills: [row("w-1"), row("w-16")], told: "error" },
  ],
  "fill.unknown_worker": [
    { fills: one("w-1") },
    { fills: one("w-99999"), told: "error" },
    { fills: one(" w-1"), told: "error" },
    { fills: one("W-1"), told: "error" },
    { fills: one("__proto__"), told: "error" },
  ],
  "fill.name_mismatch": [
    { fills: one("w-1", { name: "NUNEZ, Ana" }) },
    { fills: one("w-1", { name: "Ana Nuñes" }) },
    { fills: one("w-1", { name: "Robert King" }), told: "error" },
    { fills: one("w-2", { name: "Jon Smith" }) },
    { fills: one("w-1") },
  ],
  "fill.status": [
    { fills: one("w-1") },
    { fills: one("w-3"), told: "error" },
    { fills: one("w-4"), told: "error" },
    { fills: one("w-5"), told: "error" },
    {
      fills: one("w-5"),
      context: assigned(shift("w-5", "2026-12-04T06:00:00-06:00", "2026-12-07T06:00:00-06:00")),
    },
    {
      fills: one("w-5"),
      context: assigned(shift("w-5", "2026-12-04T06:00:00-06:00", "2026-12-07T06:00:01-06:00")),
      told: "error",
    },
  ],
  "fill.role_mismatch": [
    { fills: one("w-1") },
    { fills: one("w-6"), told: "error" },
    { fills: one("w-1", { role: "fork lift drivers" }) },
    { fills: one("w-1", { role: "CNC Operator" }), told: "error" },
    { fills: one("w-1"), order: { role: "Warehouse Associate" }, told: "error" },
    {
      fills: one("w-1"),
      order: { role: "Warehouse Associate" },
      context: { policy: { gate: "adjacent" } },
      told: "warning",
    },
    { fills: one("w-6"), context: { policy: { gate: "off" } } },
    // Two titles of one occupation.
    { fills: one("w-7"), order: { role: "Warehouse Associate" } },
    { fills: one("w-1"), order: { role: "Zookeeper of dragons" }, told: "error" },
  ],
  "fill.location": [
    { fills: one("w-1") },
    { fills: one("w-8"), told: "error" },
    { fills: one("w-8"), order: { max_miles: 600 } },
    { fills: one("w-9"), told: "warning" },
    // 39.78 to 40.50 north is 49.7 miles, to 40.51 it is 50.4.
    { fills: one("w-1"), order: { lat: 40.5, lon: -89.65 } },
    { fills: one("w-1"), order: { lat: 40.51, lon: -89.65 }, told: "error" },
  ],
  "fill.dnr": [
    { fills: one("w-15") },
    { fills: one("w-15"), order: { client_id: "c-9" }, told: "error" },
    {
      fills: one("w-1"),
      context: { blocks: [{ worker_id: "w-1", scope: "system", reason: "x" }] },
      told: "error",
    },
    {
      fills: one("w-1"),
      context: { blocks: [{ worker_id: "w-1", scope: "site", site_id: "s-1" }] },
      told: "error",
    },
    { fills: one("w-1"), context: { blocks: [{ worker_id: "w-1", scope: "site", site_id: "s-2" }] } },
    { fills: one("w-1"), context: { blocks: [{ worker_id: "w-2", scope: "system" }] } },
    // Whoever was recorded twice is one person, under either id.
    { fills: one("w-16"), context: { blocks: [{ worker_id: "w-1", scope: "system" }] }, told: "error" },
    { fills: one("w-1"), context: { blocks: [{ worker_id: "w-16", scope: "system" }] }, told: "error" },
    { fills: one("w-19"), order: { client_id: "c-9" }, told: "error" },
    { fills: one("w-19") },
    {
      fills: one("w-1"),
      context: { blocks: [{ worker_id: "w-1", scope: "system", start_at: ORDER.start_at }] },
      told: "error",
    },
    {
      fills: one("w-1"),
      context: { blocks: [{ worker_id: "w-1", scope: "system", end_at: ORDER.start_at }] },
    },
  ],
  "fill.cert_missing": [
    { fills: one("w-1"), order: { required_certs: ["forklift certified"] } },
    { fills: one("w-10"), order: { required_certs: ["forklift certified"] }, told: "error" },
    { fills: one("w-1"), order: { required_certs: ["TWIC card"] }, told: "error" },
    { fills: one("w-10"), order: { required_certs: [] } },
    { fills: one("w-10"), order: { required_certs: ["", " "] } },
  ],
  "fill.cert_expired": [
    { fills: one("w-1"), order: { required_certs: ["Forklift"] } },
    { fills: one("w-11"), order: { required_certs: ["Forklift"] }, told: "error" },
    // It holds through the day on which it expires, in the site's zone.
    { fills: one("w-12"), order: { required_certs: ["Forklift"] } },
    {
      fills: one("w-12"),
      order: { required_certs: ["Forklift"], end_at: "2026-12-08T00:30:00-06:00" },
      told: "error",
    },
    // A shift until midnight is of the day before.
    { fills: one("w-12"), order: { required_certs: ["Forklift"], end_at: "2026-12-08T00:00:00-06:00" } },
  ],
  "fill.background": [
    { fills: one("w-13"), order: { required_screenings: [{ name: "background", max_age_days: 30 }] } },
    {
      fills: one("w-13"),
      order: { required_screenings: [{ name: "background", max_age_days: 29 }] },
      told: "error",
    },
    { fills: one("w-1"), order: { required_screenings: [{ name: "Background check" }] }, told: "error" },
  ],
  "fill.i9": [
    { fills: one("w-13"), order: { required_screenings: [{ name: "I-9" }] } },
    { fills: one("w-1"), order: { required_screenings: [{ name: "i9" }] }, told: "error" },
    { fills: one("w-13"), order: { required_screenings: [{ name: "I-9", max_age_days: 704 }] } },
    {
      fills: one("w-13"),
      order: { required_screenings: [{ name: "I-9", max_age_days: 703 }] },
      told: "error",
    },
  ],
  "fill.drug": [
    { fills: one("w-13"), order: { required_screenings: [{ name: "drug", max_age_days: 31 }] } },
    {
      fills: one("w-13"),
      order: { required_screenings: [{ name: "drug", max_age_days: 30 }] },
      told: "error",
    },
    { fills: one("w-1"), order: { required_screenings: [{ name: "10-panel drug test" }] }, told: "error" },
  ],
  "fill.double_booked": [
    { fills: one("w-1"), context: assigned() },
    {
      fills: one("w-16"),
      context: assigned(shift("w-1", "2026-12-07T12:00:00-06:00", "2026-12-07T20:00:00-06:00")),
      told: "error",
    },
    {
      fills: one("w-1"),
      context: assigned(shift("w-16", "2026-12-07T12:00:00-06:00", "2026-12-07T20:00:00-06:00")),
      told: "error",
    },
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-07T13:59:00-06:00", "2026-12-07T20:00:00-06:00")),
      told: "error",
    },
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-07T14:00:00-06:00", "2026-12-07T20:00:00-06:00")),
    },
    {
      fills: one("w-1"),
      context: assigned(
        shift("w-1", "2026-12-07T07:00:00-06:00", "2026-12-07T12:00:00-06:00", { status: "cancelled" }),
        shift("w-1", "2026-12-07T07:00:00-06:00", "2026-12-07T12:00:00-06:00", { order_id: "o-1" }),
      ),
    },
    // Chicago is 176 miles away: 264 minutes.
    {
      fills: one("w-1"),
      context: assigned(
        shift("w-1", "2026-12-07T18:00:00-06:00", "2026-12-07T22:00:00-06:00", {
          city: "Chicago",
          state: "IL",
        }),
      ),
      told: "error",
    },
    {
      fills: one("w-1"),
      context: {
        ...assigned(
          shift("w-1", "2026-12-07T18:00:00-06:00", "2026-12-07T22:00:00-06:00", {
            city: "Chicago",
            state: "IL",
          }),
        ),
        policy: { travel_minutes_per_mile: 1 },
      },
    },
  ],
  "fill.rest_gap": [
    { fills: one("w-1"), context: assigned() },
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-06T14:00:00-06:00", "2026-12-06T22:00:00-06:00")),
    },
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-06T14:00:00-06:00", "2026-12-06T22:01:00-06:00")),
      told: "error",
    },
    {
      fills: one("w-1"),
      context: {
        ...assigned(shift("w-1", "2026-12-06T14:00:00-06:00", "2026-12-06T22:01:00-06:00")),
        policy: { rest_hours: 7 },
      },
    },
  ],
  "fill.weekly_hours": [
    { fills: one("w-1") },
    // 32 hours and these 8 are 40.
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-09T06:00:00-06:00", "2026-12-10T14:00:00-06:00")),
    },
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-09T06:00:00-06:00", "2026-12-10T14:01:00-06:00")),
      told: "warning",
    },
    // Sunday evening is the week before, though it ends on Monday.
    {
      fills: one("w-1"),
      context: assigned(shift("w-1", "2026-12-06T23:00:00-06:00", "2026-12-08T23:00:00-06:00")),
    },
    {
      fills: one("w-1"),
      context: {
        ...assigned(shift("w-1", "2026-12-09T06:00:00-06:00", "2026-12-10T14:01:00-06:00")),
        policy: { max_hours: 40 },
      },
      told: "error",
    },
    { fills: one("w-17"), told: "error" },
    { fills: one("w-17"), order: { start_at: "2026-12-07T07:00:00-06:00" } },
    { fills: one("w-20"), told: "error" },
    { fills: one("w-21") },
  ],
  "fill.pay_below_min": [
    { fills: one("w-1") },
    { fills: one("w-1"), order: { pay_rate: 15 } },
    { fills: one("w-1"), order: { pay_rate: 14.99 }, told: "error" },
    { fills: one("w-1", { pay_rate: 14.99 }), told: "error" },
    // Florida's rose on 30 September 2026.
    { fills: one("w-1"), order: { pay_rate: 14.5, state: "FL", city: "Miami" }, told: "error" },
    { fills: one("w-1"), order: { pay_rate: 7.25, state: "Texas", city: "Dallas" } },
    { fills: one("w-1"), order: { pay_rate: 7.24, state: "TX", city: "Dallas" }, told: "error" },
  ],
  "fill.pay_floor": [
    { fills: one("w-1"), order: { pay_rate: 18 } },
    { fills: one("w-1"), order: { pay_rate: 17.99 }, told: "error" },
    { fills: one("w-14"), told: "error" },
    { fills: one("w-14", { pay_rate: 20.01 }) },
  ],
  "fill.pay_above_bill": [
    { fills: one("w-1"), order: { bill_rate: 20.01 } },
    { fills: one("w-1"), order: { bill_rate: 20 }, told: "error" },
    { fills: one("w-1", { pay_rate: 31 }), order: { bill_rate: 30 }, told: "error" },
  ],
  "fill.pay_overtime": [
    { fills: one("w-1"), order: { ot_rate: 30 } },
    { fills: one("w-1"), order: { ot_rate: 29.99 }, told: "error" },
    { fills: one("w-1"), order: { pay_rate: 18.42, ot_rate: 27.63 } },
    { fills: one("w-1", { pay_rate: 22 }), order: { ot_rate: 30 }, told: "error" },
  ],
  "fill.protected_term": [
    { fills: one("w-1"), order: { notes: "Steel-toe boots. Must be 18 or older." } },
    { fills: one("w-1"), order: { notes: "Male only" }, told: "error" },
    { fills: one("w-1", { reason: "young and energetic" }), told: "error" },
    { fills: one("w-1", { reason: "strong and male, as the client prefers" }), told: "error" },
    { fills: one("w-1", { reason: "chosen because he is younger than the others" }), told: "error" },
    { fills: one("w-1", { reason: "nearest; she cared for an elderly woman there before" }) },
    { fills: one("w-1"), order: { notes: "We hire regardless of sex, age or religion." } },
    { fills: one("w-1"), order: { notes: "Clean the women's restroom" } },
  ],
  "fill.reliability": [
    { fills: one("w-1") },
    { fills: one("w-14"), told: "warning" },
    { fills: one("w-14"), backups: one("w-2") },
  ],
};

/** Tested with its dataset, in datasets.test.ts. */
const ELSEWHERE = new Set(["fill.pay_band"]);

test("every fill check has cases that pass and cases that fail", () => {
  for (const { code } of FILL_CHECKS) {
    if (ELSEWHERE.has(code)) continue;
    const cases = CASES[code] ?? [];
    expect([code, cases.some(({ told }) => told === undefined)]).toEqual([code, true]);
    expect([code, cases.some(({ told }) => told !== undefined)]).toEqual([code, true]);
  }
});

describe.each(TOPOLOGIES)("a fill, %s", (topology) => {
  let house: TestValidatord;
  beforeAll(async () => {
    house = await startValidatord(topology);
  });
  afterAll(() => house.close());

  const validate = ({ fills, backups, artifact, order, context }: Case) =>
    house.service.validate({
      kind: "fill",
      artifact: artifact ?? { order_id: "o-1", fills, ...(backups === undefined ? {} : { backups }) },
      context: { now: NOW, order: { ...ORDER, ...order }, ...context },
    });

  const all = Object.entries(CASES).flatMap(([code, cases]) =>
    cases.map((value, at) => [code, at, value] as const),
  );
  // Over the socket a sample is enough: the checks are the same.
  const sample = topology === "together" ? all : all.filter(([, at]) => at < 2);
  test.each(sample)("%s, case %d", async (code, _at, value) => {
    const { findings, checked, ok } = await validate(value);
    const severities = findings.filter((found) => found.code === code).map(({ severity }) => severity);
    expect({ code, told: [...new Set(severities)] }).toEqual({
      code,
      told: value.told === undefined ? [] : [value.told],
    });
    if (value.told !== undefined) expect(checked).toContain(code);
    expect(ok).toBe(findings.every(({ severity }) => severity !== "error"));
  });

  test("an unknown id has the three nearest as hint, and a fix where one is sure", async () => {
    const { findings } = await validate({
      fills: [row("w-77"), row("x", { name: "ana nunez" }), row(" w-2 ")],
    });
    const unknown = findings.filter(({ code }) => code === "fill.unknown_worker");
    expect(unknown.map(({ hint = "" }) => hint.match(/w-\d+ \(/g)?.length)).toEqual([3, 3, 3]);
    expect(unknown.map(({ fix }) => fix)).toEqual([
      undefined,
      { path: "fills[1].worker_id", value: "w-1" },
      { path: "fills[2].worker_id", value: "w-2" },
    ]);
    expect(unknown[1]?.hint).toStartWith("The nearest: w-1 (Ana Núñez, Forklift Operator, Springfield, IL)");
  });

  test("findings come by kind, then row, then table, and a bad row stops no other", async () => {
    const { findings } = await validate({
      fills: [row("w-3"), row(7), row("nobody"), row("w-10", { reason: "no accent" })],
      order: { headcount: 4, required_certs: ["Forklift"], pay_rate: 10 },
    });
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "fill.schema fills[1].worker_id",
      "fill.headcount_short fills",
      "fill.status fills[0].worker_id",
      "fill.unknown_worker fills[2].worker_id",
      "fill.pay_below_min order.pay_rate",
      "fill.pay_floor fills[0].worker_id",
      "fill.cert_missing fills[3].worker_id",
      "fill.pay_floor fills[3].worker_id",
      "fill.protected_term fills[3].reason",
    ]);
  });

  test("laws are named where a finding rests on one", async () => {
    const { findings } = await validate({
      fills: one("w-10", { reason: "no accent" }),
      order: {
        required_certs: ["Forklift", "TWIC"],
        required_screenings: [{ name: "background" }, { name: "i9" }],
      },
    });
    expect(findings.map(({ code, law }) => [code, law])).toEqual([
      ["fill.headcount_short", undefined],
      ["fill.cert_missing", "OSHA 1910.178(l)"],
      ["fill.cert_missing", undefined],
      ["fill.background", "FCRA"],
      ["fill.i9", undefined],
      ["fill.protected_term", "Title VII/ADEA/ADA"],
    ]);
  });

  test("without an order what needs none is checked, and the rest is not claimed", async () => {
    const { findings, checked } = await house.service.validate({
      kind: "fill",
      artifact: { order_id: "o-1", fills: one("w-3") },
    });
    expect(findings.map(({ code }) => code)).toEqual(["fill.status"]);
    expect(checked).not.toContain("fill.headcount_short");
    expect(checked).toContain("fill.unknown_worker");
  });
});
