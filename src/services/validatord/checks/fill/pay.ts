// Fill checks about pay: above every minimum, below what the client is billed, and usual for the work. The order's own rate
// is judged once; a row that names another one is judged for itself. Money is compared in hundredths of a cent, so that
// 9.42 times 1.5 is 14.13 and not a little less.

import { type Check, NOTHING, type Tell } from "../check.ts";
import type { FillRow, FillSubject, OrderFacts } from "./subject.ts";

type FillCheck = Check<FillSubject, FillRow>;

const OVERTIME_FACTOR = 1.5;
const UNITS_A_DOLLAR = 10_000;
const ORDER_PATH = "order.pay_rate";

function isLess(a: number, b: number): boolean {
  return Math.round(a * UNITS_A_DOLLAR) < Math.round(b * UNITS_A_DOLLAR);
}

const hasOrder = ({ facts }: FillSubject): boolean => facts !== undefined;

/** A check of the order's rate, and of each row's own. */
function rateCheck(
  traits: Pick<FillCheck, "code" | "kind" | "severity" | "tests">,
  judge: (rate: number, facts: OrderFacts, subject: FillSubject) => Omit<Tell, "path"> | undefined,
  applies: (subject: FillSubject) => boolean = hasOrder,
): FillCheck {
  return {
    ...traits,
    applies,
    whole: function* (subject) {
      const { facts } = subject;
      const found = facts && judge(facts.order.pay_rate, facts, subject);
      if (found !== undefined) yield { path: ORDER_PATH, actual: facts?.order.pay_rate, ...found };
    },
    row: ({ pay_rate, path }, subject) => {
      if (pay_rate === undefined || subject.facts === undefined) return NOTHING;
      const found = judge(pay_rate, subject.facts, subject);
      return found === undefined ? NOTHING : [{ path: `${path}.pay_rate`, actual: pay_rate, ...found }];
    },
  };
}

export const payBelowMin = rateCheck(
  {
    code: "fill.pay_below_min",
    kind: "policy",
    severity: "error",
    tests:
      "the pay is at least the minimum wage of the site's state, or the federal one, on the day of the shift",
  },
  (rate, { state, startDay }, { wages }) => {
    const rule = wages.minWage(state, startDay);
    if (rule === undefined || !isLess(rate, rule.wage)) return undefined;
    return {
      message: `$${rate} is below the minimum wage of ${rule.of}, $${rule.wage.toFixed(2)} (${rule.source})`,
      expected: rule.wage,
      hint: `Pay at least $${rule.wage.toFixed(2)} an hour; a city or county may ask for more.`,
    };
  },
);

export const payFloor: FillCheck = {
  code: "fill.pay_floor",
  kind: "policy",
  severity: "error",
  tests: "the pay is at least what the worker works for",
  applies: hasOrder,
  row: ({ worker, pay_rate, idPath, path }, { facts }) => {
    const floor = worker?.pay_floor;
    if (floor === undefined || facts === undefined) return NOTHING;
    const rate = pay_rate ?? facts.order.pay_rate;
    if (!isLess(rate, floor)) return NOTHING;
    return [
      {
        path: pay_rate === undefined ? idPath : `${path}.pay_rate`,
        message: `$${rate} is below the $${floor.toFixed(2)} that the worker works for`,
        expected: floor,
        actual: rate,
        hint: "Offer more, or propose a worker who works for it.",
      },
    ];
  },
};

export const payAboveBill = rateCheck(
  {
    code: "fill.pay_above_bill",
    kind: "policy",
    severity: "error",
    tests: "the pay is below the bill rate",
  },
  (rate, { order: { bill_rate } }) =>
    typeof bill_rate !== "number" || isLess(rate, bill_rate)
      ? undefined
      : {
          message: `$${rate} is not below the bill rate of $${bill_rate}`,
          expected: bill_rate,
          hint: "Check both rates.",
        },
  ({ facts }) => typeof facts?.order.bill_rate === "number",
);

export const payOvertime: FillCheck = {
  code: "fill.pay_overtime",
  kind: "policy",
  severity: "error",
  tests: "the overtime rate is at least 1.5 times the pay",
  applies: ({ facts }) => typeof facts?.order.ot_rate === "number",
  whole: function* ({ facts }) {
    const { ot_rate: rate, pay_rate: pay } = facts?.order ?? {};
    if (typeof rate !== "number" || pay === undefined || !isLess(rate, pay * OVERTIME_FACTOR)) return;
    const least = Math.round(pay * OVERTIME_FACTOR * UNITS_A_DOLLAR) / UNITS_A_DOLLAR;
    yield {
      path: "order.ot_rate",
      message: `$${rate} is below 1.5 times the pay of $${pay}, which is $${least}`,
      expected: least,
      actual: rate,
      hint: `Pay at least $${least} for overtime.`,
    };
  },
  row: function* ({ pay_rate: pay, path }, { facts }) {
    const rate = facts?.order.ot_rate;
    if (typeof rate !== "number" || pay === undefined || !isLess(rate, pay * OVERTIME_FACTOR)) return;
    yield {
      path: `${path}.pay_rate`,
      message: `1.5 times $${pay} is above the order's overtime rate of $${rate}`,
      expected: rate,
      actual: pay,
      hint: "Raise the overtime rate.",
    };
  },
};

export const payBand = rateCheck(
  {
    code: "fill.pay_band",
    kind: "policy",
    severity: "warning",
    tests:
      "the pay lies between the 10th and the 90th percentile of the occupation in the state (dataset wage_bands)",
  },
  (rate, { work, state, order }, { wages }) => {
    const band = work.soc === undefined ? undefined : wages.band(work.soc, state);
    if (band === undefined || (!isLess(rate, band.p10) && !isLess(band.p90, rate))) return undefined;
    return {
      message: `$${rate} is outside of what ${order.role} is usually paid in ${band.of}, $${band.p10} to $${band.p90}`,
      expected: [band.p10, band.p90],
      hint: isLess(rate, band.p10) ? "The shift may be hard to fill." : "Make sure that this is meant.",
    };
  },
  ({ facts, wages }) => facts !== undefined && wages.hasBands,
);
