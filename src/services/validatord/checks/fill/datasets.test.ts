// Pay against datasets: the house's own minimum wages and bands where they are loaded; and, over real orders where they
// stand beside the project, that the checks find exactly the rows that SQL finds.

import { existsSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openDuckdb } from "#adapters/duckdb";
import type { Order } from "#contracts/validate";
import { minWageOn } from "#domain/law/min-wages";
import { knowledge } from "../../knowledge.ts";
import { NOW, ORDER, startValidatord, type TestValidatord } from "../../validatord.testing.ts";
import { wagesOf } from "../../wages.ts";
import type { Check } from "../check.ts";
import * as pay from "./pay.ts";
import { type FillRow, type FillSubject, orderFacts } from "./subject.ts";

describe("datasets of wages", () => {
  let house: TestValidatord;
  beforeAll(async () => {
    house = await startValidatord("together");
    await house.lake.append(
      "state_min_wage",
      "SELECT 2026 AS year, 'IL' AS state, 19.5 AS effective_minimum_wage, 7.25 AS federal_minimum_wage",
    );
    await house.lake.append(
      "wage_bands",
      "SELECT '53-7051' AS soc2019_code, 'US' AS state, 18.0 AS p10, 24.0 AS p90",
    );
  });
  afterAll(() => house.close());

  const found = async (pay_rate: number): Promise<string[]> => {
    const { findings } = await house.service.validate({
      kind: "fill",
      artifact: { order_id: "o-1", fills: [{ worker_id: "w-1" }] },
      context: { now: NOW, order: { ...ORDER, pay_rate } },
    });
    return findings.map(({ code, severity }) => `${code} ${severity}`);
  };

  test("a pay outside of the band is a warning, its ends are inside", async () => {
    expect(await found(24)).toEqual([]);
    expect(await found(24.01)).toEqual(["fill.pay_band warning"]);
  });

  test("the dataset's minimum goes before the project's", async () => {
    expect(await found(19.5)).toEqual([]);
    expect(await found(19.49)).toEqual(["fill.pay_below_min error"]);
  });
});

test("the project's own table knows when a wage began", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["TX", "2026-12-07", 7.25],
    ["CA", "2026-01-01", 16.9],
    ["CA", "2025-12-31", 16.5],
    ["FL", "2026-09-29", 14],
    ["FL", "2026-09-30", 15],
    ["NY", "2026-06-01", 16],
    ["DC", "2025-07-01", 17.95],
    ["GA", "2024-01-01", 7.25],
  ];
  for (const [state, day, wage] of cases)
    expect([state, day, minWageOn(state, day)?.wage]).toEqual([state, day, wage]);
  expect(minWageOn("TX", "2009-07-23")).toBeUndefined();
});

const DATA = join(import.meta.dir, "../../../../../../shared/data");
const ORDERS = join(DATA, "h2b_orders.csv");
const WAGES = join(DATA, "state_min_wage.csv");
const reason = existsSync(ORDERS) && existsSync(WAGES) ? "" : " (skipped: the data is not here)";

test.skipIf(reason !== "")(`over real orders the pay checks find what SQL finds${reason}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "h2b-"));
  const db = await openDuckdb({ memoryBytesMax: 5e8, threads: 1, tempDir: folder, tempBytesMax: 1e9 });
  try {
    const orders = `(SELECT order_id, state, CAST(begin_date AS VARCHAR) AS day, pay_rate, ot_rate FROM read_csv('${ORDERS}', types = {'begin_date': 'DATE', 'pay_rate': 'DECIMAL(10,4)', 'ot_rate': 'DECIMAL(10,4)'}) WHERE pay_unit = 'hour' AND pay_rate IS NOT NULL AND state IS NOT NULL AND begin_date IS NOT NULL)`;
    const wages = `read_csv('${WAGES}', types = {'effective_minimum_wage': 'DECIMAL(10,4)', 'federal_minimum_wage': 'DECIMAL(10,4)'})`;
    const below = await db.rows(
      `SELECT o.order_id FROM ${orders} o JOIN ${wages} w ON w.state = o.state AND w.year = year(CAST(o.day AS DATE)) WHERE o.pay_rate < greatest(w.effective_minimum_wage, w.federal_minimum_wage)`,
    );
    const overtime = await db.rows(`SELECT order_id FROM ${orders} WHERE ot_rate < 1.5 * pay_rate`);
    const yearly = new Map<string, number>(
      (
        await db.rows(
          `SELECT year, state, CAST(greatest(effective_minimum_wage, federal_minimum_wage) AS DOUBLE) AS wage FROM ${wages}`,
        )
      ).map(({ year, state, wage }) => [`${Number(year)}|${String(state)}`, Number(wage)] as const),
    );
    const all = await db.rows(
      `SELECT order_id, state, day, CAST(pay_rate AS DOUBLE) AS pay_rate, CAST(ot_rate AS DOUBLE) AS ot_rate FROM ${orders}`,
    );
    const know = await knowledge();
    const own = wagesOf(yearly, undefined);
    const found = { below: [] as string[], overtime: [] as string[] };
    for (const row of all) {
      const day = String(row["day"]);
      // Where the dataset has no wage, the project's own table would answer.
      const compared = yearly.has(`${day.slice(0, 4)}|${String(row["state"])}`);
      const order = {
        ...ORDER,
        order_id: String(row["order_id"]),
        state: String(row["state"]),
        city: "",
        timezone: "UTC",
        start_at: `${day}T08:00:00Z`,
        end_at: `${day}T16:00:00Z`,
        pay_rate: Number(row["pay_rate"]),
        ot_rate: row["ot_rate"] === null ? null : Number(row["ot_rate"]),
      } as Order;
      const subject = { facts: orderFacts(order, know), wages: own } as FillSubject;
      const tells = (check: Check<FillSubject, FillRow>): boolean =>
        check.applies?.(subject) !== false && [...(check.whole?.(subject) ?? [])].length > 0;
      if (compared && tells(pay.payBelowMin)) found.below.push(order.order_id);
      if (tells(pay.payOvertime)) found.overtime.push(order.order_id);
    }
    const ids = (rows: readonly Record<string, unknown>[]): string[] =>
      rows.map((row) => String(row["order_id"])).sort();
    expect(found.below.sort()).toEqual(ids(below));
    expect(found.overtime.sort()).toEqual(ids(overtime));
    expect(found.below.length).toBeGreaterThan(100);
    expect(found.overtime.length).toBeGreaterThan(1000);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});
